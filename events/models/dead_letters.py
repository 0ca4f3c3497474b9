"""What operators do with deliveries that nobody tries again by himself: the dead, and the shelved."""

from contextlib import contextmanager

from django.db import connections, models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from events import context, messages
from events.models import lanes
from events.models.event import Event
from events.models.operator_action import OperatorAction
from events.models.transition import Transition
from events.refused import Refused


class AlreadyHandled(Refused):
    """The delivery is no longer as the operator saw it. Says which operator was faster, if it was one."""

    def __init__(self, delivery):
        actions = OperatorAction.objects.using(delivery._state.db).on(delivery)
        if faster := actions.filter(seen__gte=delivery.version).first():
            told = {"who": faster.operator, "reason": faster.reason}
            super().__init__(_("already handled by %(who)s: %(reason)s") % told)
        else:
            super().__init__(_("It has changed since you looked."))


class DeliveryQuerySet(models.QuerySet):
    def unfinished(self):
        return self.filter(state__in=self.model.UNFINISHED)

    def dead(self):
        return self.filter(state="dead")

    def lane_of(self, delivery):
        return self.filter(
            consumer=delivery.consumer,
            aggregate_type=delivery.aggregate_type,
            aggregate_id=delivery.aggregate_id,
        )


class DeadLetter(models.Model):
    """The operators' verbs of a delivery that is dead or shelved; `replay` is of one that is done.

    why: operator (a name), reason, and operator_id if there is one. Each verb raises AlreadyHandled when the delivery
    has changed since this version of it.
    """

    class Meta:
        abstract = True

    def retry(self, **why):
        """Send it on its way again. Its lane goes on after it."""
        with self._handling("delivery.retry", why, state="ready", attempts=0, available_at=Now(), held_up_since=None):
            self._unpark_tail()

    def discard(self, **why):
        """Give it up for good; its lane goes on without it."""
        with self._handling("delivery.discard", why, state="discarded"):
            self._unpark_tail()
            self._wake_next()

    def edit(self, data, **why):
        """Give it up for a new event of the same type with this data, in its place in the lane; returns the delivery.

        The old event is the cause of the new one, which goes to this consumer only. Raises UnreadableMessage.
        """
        message = messages.read(type=self.event.type, data=data)
        with self._handling("delivery.edit", why, state="discarded"):
            self._unpark_tail()
            acting = {"actor": f"operator:{why['operator']}", "causation_id": self.event_id}
            with context.acting(**acting, traceparent=self.event.traceparent) as acting:
                return self._replaced_by(message, context=acting)

    def replay(self, **why) -> int:
        """Send this, which is done, and what is done behind it in its lane once more; returns how many.

        What took effect has no effect again: the consumer's cursor knows it. What a restored database forgot has.
        """
        with self._handling("delivery.replay", why, source=["done"], state="ready", **AGAIN):
            return 1 + self.tail().filter(state="done").update(state="waiting", **AGAIN)

    @contextmanager
    def _handling(self, action, why, *, state, source=None, **changes):
        using, before = self._state.db, {"state": self.state, "version": self.version}
        with transaction.atomic(using=using):
            seen = (
                type(self).objects.using(using).filter(pk=self.pk, state__in=source or self.OPEN, version=self.version)
            )
            if not seen.update(state=state, version=self.version + 1, **changes):
                raise AlreadyHandled(self)
            self.version += 1
            yield
            OperatorAction.record(
                using=using, action=action, target_type="delivery", target_id=self.pk, **why,
                before=before, after={"state": state, "version": self.version}, seen=before["version"],
            )  # fmt: skip
        self.refresh_from_db()

    def _unpark_tail(self):
        self.tail().filter(state="parked").update(state="waiting")

    def _wake_next(self):
        with connections[self._state.db].cursor() as cursor:
            cursor.execute(lanes.WAKE, {"ids": [self.pk]})

    def _replaced_by(self, message, *, context):
        """The delivery is the new event's author: its version numbers it, and has its line in the log."""
        using = self._state.db
        Transition.objects.using(using).create(
            aggregate_type=self._meta.label, aggregate_id=self.pk, version=self.version,
            from_status=self.state, to_status="discarded", cause="message edited", actor=context.actor,
            correlation_id=self.correlation_id,
        )  # fmt: skip
        event = Event.record(message, by=self, using=using, context=context)
        place = {name: getattr(self, name) for name in PLACE}
        return type(self).objects.using(using).create(event=event, **place)


AGAIN = {"attempts": 0, "available_at": Now(), "done_at": None}
PLACE = ["consumer", "aggregate_type", "aggregate_id", "seq", "prev_seq", "correlation_id"]
