import hashlib
import random
import traceback
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7
from events.models.event import Event
from events.models.operator_action import OperatorAction

BACKOFF_BASE, BACKOFF_CAP = 1, 300  # seconds

# The head of each lane that is due. One row of an earlier version that is not over, in whatever state, blocks its lane.
# `available_at` is also the end of a lease: a relay that dies gives its deliveries back by doing nothing.
CLAIM = """
WITH heads AS (
    SELECT d.id FROM events_delivery d
     WHERE d.state IN ('ready', 'leased') AND d.available_at <= clock_timestamp()
       AND d.consumer = ANY(%(consumers)s) {mine}
       AND NOT EXISTS (SELECT 1 FROM events_delivery earlier
                        WHERE earlier.consumer = d.consumer AND earlier.aggregate_type = d.aggregate_type
                          AND earlier.aggregate_id = d.aggregate_id AND earlier.seq < d.seq
                          AND earlier.state IN ('ready', 'leased', 'parked', 'dead'))
     ORDER BY d.id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED)
UPDATE events_delivery d
   SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s,
       available_at = clock_timestamp() + make_interval(secs => %(lease)s)
  FROM heads WHERE d.id = heads.id
RETURNING d.id
"""


class AlreadyHandled(Exception):
    """The delivery is no longer in the state that the operator saw."""


class DeliveryQuerySet(models.QuerySet):
    def unfinished(self):
        return self.filter(state__in=Delivery.UNFINISHED)

    def lane_of(self, delivery):
        return self.filter(
            consumer=delivery.consumer,
            aggregate_type=delivery.aggregate_type,
            aggregate_id=delivery.aggregate_id,
        )


class Delivery(models.Model):
    """One event on its way to one consumer. Its lane is (consumer, aggregate): nothing overtakes in a lane."""

    class State(models.TextChoices):
        READY = "ready"  # ready, leased → leased     claim
        LEASED = "leased"  # leased → done | ready | dead
        PARKED = "parked"  # ready ↔ parked            while an earlier one of the lane is dead
        DONE = "done"
        DEAD = "dead"  # dead → ready | discarded  by an operator
        DISCARDED = "discarded"

    UNFINISHED = [State.READY, State.LEASED, State.PARKED, State.DEAD]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries")
    consumer = models.CharField(max_length=50)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    seq = models.PositiveIntegerField()
    correlation_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    attempts = models.PositiveIntegerField(default=0)
    available_at = models.DateTimeField(db_default=Now(), help_text="When it is due; of a leased one, the lease's end.")
    lease_token = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=200, blank=True, help_text="Exception class and place.")
    version = models.PositiveIntegerField(default=0, help_text="How often an operator has intervened.")
    done_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        ordering = ["id"]
        permissions = [
            ("retry_delivery", _("Can send a dead delivery on its way again")),
            ("discard_delivery", _("Can give a dead delivery up")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="one_delivery_per_consumer"),
            models.CheckConstraint(
                condition=models.Q(state="leased", lease_token__isnull=False)
                | (~models.Q(state="leased") & models.Q(lease_token=None)),
                name="only_a_leased_delivery_has_a_token",
            ),
        ]
        indexes = [
            models.Index(
                fields=["consumer", "aggregate_id", "seq"], name="delivery_lane",
                condition=models.Q(state__in=["ready", "leased", "parked", "dead"]),
            ),
            models.Index(fields=["id"], name="delivery_due", condition=models.Q(state__in=["ready", "leased"])),
            models.Index(fields=["correlation_id"], name="delivery_correlation"),
            models.Index(fields=["fingerprint"], name="delivery_dead", condition=models.Q(state="dead")),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.event.type} → {self.consumer}"

    # For the relay

    @classmethod
    def address(cls, event, *, consumers, using):
        cls.objects.using(using).bulk_create(
            cls(
                event=event,
                consumer=name,
                aggregate_type=event.aggregate_type,
                aggregate_id=event.aggregate_id,
                seq=event.seq,
                correlation_id=event.correlation_id,
            )
            for name in consumers
        )

    @classmethod
    def claim(cls, *, using, consumers, correlation_id=None, limit=100):
        """Lease the due heads of lanes, oldest first. Nobody else gets them until the lease ends."""
        token = uuid4()
        mine = "AND d.correlation_id = %(correlation_id)s" if correlation_id else ""
        arguments = {
            "consumers": consumers,
            "correlation_id": correlation_id,
            "limit": limit,
            "token": token,
            "lease": settings.DELIVERY_LEASE_SECONDS,
        }
        with connections[using].cursor() as cursor:
            cursor.execute(CLAIM.format(mine=mine), arguments)
            ids = [row[0] for row in cursor.fetchall()]
        return list(cls.objects.using(using).filter(pk__in=ids).select_related("event").order_by("id")) if ids else []

    @classmethod
    def finish(cls, deliveries, *, using):
        """The effects are committed. A delivery whose lease went to another relay is left to that one."""
        if deliveries:
            cls.objects.using(using).filter(
                pk__in=[delivery.pk for delivery in deliveries], lease_token=deliveries[0].lease_token
            ).update(state=cls.State.DONE, lease_token=None, last_error="", done_at=Now())

    def release(self):
        """Give the lease back untried."""
        self._while_leased(state=self.State.READY, attempts=models.F("attempts") - 1, available_at=Now())

    def fail(self, error, *, max_attempts):
        """Try again later, with full jitter; or give up and hold the lane until an operator decides."""
        dead = self.attempts >= max_attempts or getattr(error, "permanent", False)
        pause = random.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2**self.attempts))  # noqa: S311
        with transaction.atomic(using=self._state.db):
            mine = self._while_leased(
                state=self.State.DEAD if dead else self.State.READY,
                available_at=Now() + timedelta(seconds=getattr(error, "retry_after", None) or pause),
                last_error="".join(traceback.format_exception(error))[-8000:],
                fingerprint=_fingerprint(error),
            )
            if dead and mine:
                self._park_tail()

    def _while_leased(self, **changes) -> bool:
        """Change it, unless its lease has gone to another relay; says whether it was still ours."""
        mine = type(self).objects.using(self._state.db).filter(pk=self.pk, lease_token=self.lease_token)
        return bool(mine.update(lease_token=None, **changes))

    def _park_tail(self):
        """Those behind a dead head can't go on; parked, they are not looked at with every claim."""
        self._tail().filter(state=self.State.READY).update(state=self.State.PARKED)

    def _tail(self):
        return type(self).objects.using(self._state.db).lane_of(self).filter(seq__gt=self.seq)

    # For operators

    def retry(self, **why):
        """Send a dead letter on its way again. Raises AlreadyHandled when it changed since this version of it.

        why: operator (a name), reason, and operator_id if there is one.
        """
        self._intervene("delivery.retry", why, state=self.State.READY, attempts=0, available_at=Now())

    def discard(self, **why):
        """Give a dead letter up for good; its lane goes on without it. `why` and errors as for retry."""
        self._intervene("delivery.discard", why, state=self.State.DISCARDED)

    def _intervene(self, action, why, *, state, **changes):
        using = self._state.db
        with transaction.atomic(using=using):
            seen = type(self).objects.using(using).filter(pk=self.pk, state=self.State.DEAD, version=self.version)
            if not seen.update(state=state, version=self.version + 1, **changes):
                raise AlreadyHandled(f"{self} is no longer dead: somebody else has handled it.")
            self._tail().filter(state=self.State.PARKED).update(state=self.State.READY)
            OperatorAction.record(
                using=using, action=action, target_type="delivery", target_id=self.pk, **why,
                before={"state": "dead", "version": self.version},
                after={"state": state, "version": self.version + 1},
            )  # fmt: skip
        self.refresh_from_db()


def _fingerprint(error) -> str:
    """Exception class and place, the same for the same fault."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join(f"{frame.name}:{frame.lineno}" for frame in frames[-3:])
    return f"{type(error).__name__} {hashlib.sha256(place.encode()).hexdigest()[:12]}"
