"""A noun whose every change is numbered, logged and told."""

from contextlib import contextmanager

from django.db import models
from django.utils.translation import gettext

from events import bus, context
from events.ids import uuid7
from events.models import OperatorAction, Transition
from events.refused import Refused as Refused


class AlreadyChanged(Refused):
    """The noun is no longer what the operator saw. Says what it is, and which operator was faster."""

    def __init__(self, noun, *, seen):
        told = {"status": noun.get_status_display(), "version": noun.version}
        words = gettext("Nothing was done: it has changed since you looked. It is %(status)s now, version %(version)d.")
        super().__init__(" ".join([words % told, *_faster(noun, seen=seen)]))


def _faster(noun, *, seen):
    if last := noun.actions().filter(seen__gte=seen).first():
        told = {"action": last.action, "who": last.operator, "reason": last.reason}
        yield gettext("Already done by %(who)s (%(action)s): %(reason)s") % told


class WrongStatus(Exception):
    """The noun is not in a status from which it can do this."""

    def __init__(self, noun, *, expected):
        self.noun, self.expected = noun, expected
        super().__init__(f"{noun._meta.verbose_name} {noun.pk} is {noun.status}, not {' or '.join(expected)}.")


class Aggregate(models.Model):
    """Base of nouns with a status. A transition happens, with its log line and its event, or it raises."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    @property
    def correlation_id(self):
        """What the whole story is told under."""
        return self.id

    def lock(self):
        """Read the row again under its lock; needs a transaction."""
        rows = type(self)._base_manager.using(bus.home(self)).select_for_update()
        self.refresh_from_db(from_queryset=rows)

    def begin(self, *, cause, message=None):
        """Save the new noun as its version 1."""
        self.version = 1
        self.save(using=bus.home(self), force_insert=True)
        self._tell("", cause, message)

    def move(self, to, *, source, cause, message=None, **changes):
        """Go from one of the `source` statuses to `to`. Raises WrongStatus, also when the row was changed meanwhile."""
        sources = [source] if isinstance(source, str) else list(source)
        before = self.status
        changes |= {"status": to, "version": self.version + 1}
        rows = type(self)._base_manager.using(bus.home(self))
        if before not in sources or not rows.filter(pk=self.pk, status=before, version=self.version).update(**changes):
            raise WrongStatus(self, expected=sources)
        for name, value in changes.items():
            setattr(self, name, value)
        self._tell(before, cause, message)

    def say(self, message, *, cause, **changes):
        """Publish a message without changing the status; it takes a version of its own all the same."""
        self.move(self.status, source=self.status, cause=cause, message=message, **changes)

    # For operators

    def actions(self):
        """What operators did to it, the last first."""
        return OperatorAction.objects.using(bus.home(self)).on(self)

    @property
    def revision(self) -> int:
        """What an operator sees, as a number: the version, plus the operators' actions. Both only grow."""
        return revisions([self])[str(self.pk)]

    @contextmanager
    def by_hand(self, verb, *, seen, operator, **why):
        """An operator's change: to what he saw, under the row's lock, with his action in the same transaction.

        seen: the revision. why: reason, and operator_id and approved_by if there are any. Yields the action that will
        be saved. Raises AlreadyChanged.
        """
        with bus.atomic(self), context.acting(actor=f"operator:{operator}"):
            self.lock()
            if self.revision != seen:
                raise AlreadyChanged(self, seen=seen)
            noun = self._meta.model_name
            action = OperatorAction(action=f"{noun}.{verb}", target_type=noun, target_id=str(self.pk), seen=seen, **why)
            action.operator, action.before = operator, self.as_told()
            yield action
            action.after = self.as_told()
            action.save(using=bus.home(self), force_insert=True)

    def as_told(self) -> dict:
        """What the operators' log says of it, before and after."""
        return {"status": self.status, "version": self.version}

    def _tell(self, before, cause, message):
        Transition.objects.using(bus.home(self)).create(
            aggregate_type=self._meta.label,
            aggregate_id=self.pk,
            version=self.version,
            from_status=before,
            to_status=self.status,
            cause=cause,
            actor=context.current().actor,
            correlation_id=self.correlation_id,
        )
        if message is not None:
            bus.publish(message, by=self)


def revisions(nouns) -> dict:
    """{id: revision} of nouns of one kind, in one question."""
    if not nouns:
        return {}
    ids = {str(noun.pk): noun.version for noun in nouns}
    actions = OperatorAction.objects.using(bus.home(nouns[0])).filter(target_type=nouns[0]._meta.model_name)
    counted = actions.filter(target_id__in=ids).order_by().values_list("target_id").annotate(models.Count("pk"))
    return ids | {id: ids[id] + n for id, n in counted}
