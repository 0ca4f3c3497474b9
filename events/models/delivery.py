import functools
import hashlib
import json
import random
import traceback
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import Func, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7
from events.models import lanes
from events.models.dead_letters import AlreadyHandled as AlreadyHandled
from events.models.dead_letters import DeadLetter, DeliveryQuerySet
from events.models.event import Event, Position

BACKOFF_BASE, BACKOFF_CAP = 1, 300  # seconds
OUTAGE_PAUSE = 15  # seconds at most until one that only waits is tried again


class Delivery(DeadLetter, models.Model):
    """One event on its way to one consumer. Its lane is (consumer, aggregate): nothing overtakes in a lane."""

    class State(models.TextChoices):
        READY = "ready", _("Ready")  # ready, leased → leased     claim
        LEASED = "leased", _("Leased")  # leased → done | ready | dead | shelved
        WAITING = "waiting", _("Waiting")  # waiting → ready           behind another of its lane
        PARKED = "parked", _("Parked")  # waiting ↔ parked          behind a dead one
        SHELVED = "shelved", _("Shelved")  # shelved → ready           until the code knows its message
        DONE = "done", _("Done")
        DEAD = "dead", _("Dead")  # dead → ready | discarded  by an operator
        DISCARDED = "discarded", _("Discarded")

    OPEN = [State.DEAD, State.SHELVED]  # until an operator decides, or code comes that knows it
    UNFINISHED = [State.READY, State.LEASED, State.WAITING, State.PARKED, State.SHELVED, State.DEAD]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="deliveries", db_index=False)  # below, first of two
    consumer = models.CharField(max_length=50)
    aggregate_type = models.CharField(max_length=50)
    aggregate_id = models.UUIDField()
    seq = models.PositiveIntegerField(help_text="Its place in the lane.")
    prev_seq = models.PositiveIntegerField(
        db_default=0, help_text="Of the one before it in the lane; 0: none is known."
    )
    correlation_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    attempts = models.PositiveIntegerField(default=0)
    available_at = models.DateTimeField(db_default=Now(), help_text="When it is due; of a leased one, the lease's end.")
    lease_token = models.UUIDField(null=True)
    last_error = models.TextField(blank=True)
    fingerprint = models.CharField(max_length=200, blank=True, help_text="Exception class and place.")
    held_up_since = models.DateTimeField(null=True, help_text="It waits for something that is not its own fault.")
    failed_at = models.DateTimeField(null=True, help_text="Its last attempt's end, if that was bad.")
    failures = models.JSONField(db_default=[], help_text="Its last bad attempts: when, the how-manieth, the error.")
    version = models.PositiveIntegerField(default=0, help_text="How often an operator has intervened.")
    done_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("delivery"), _("deliveries")
        ordering = ["id"]
        permissions = [
            ("retry_delivery", _("Can send a dead delivery on its way again")),
            ("discard_delivery", _("Can give a dead delivery up")),
            ("edit_delivery", _("Can send a dead delivery's message again, changed")),
            ("replay_delivery", _("Can send again what a lane was sent before")),
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
                condition=models.Q(state__in=["ready", "leased", "waiting", "parked", "shelved", "dead"]),
            ),
            models.Index(
                fields=["consumer", "state", "available_at"], name="delivery_due",
                condition=models.Q(state__in=["ready", "leased"]),
            ),
            models.Index(fields=["correlation_id"], name="delivery_correlation"),
            models.Index(
                fields=["held_up_since"], name="delivery_held_up",
                condition=models.Q(state__in=["ready", "leased", "shelved"], held_up_since__isnull=False),
            ),
            models.Index(
                fields=["state", "consumer", "fingerprint", "failed_at"], name="delivery_dead",
                condition=models.Q(state__in=["dead", "shelved"]),
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.event.type} → {self.consumer}"

    # For the relay

    @classmethod
    def address(cls, event, *, consumers, using):
        """Write a delivery for each consumer, each behind what the consumer was sent before of that aggregate."""
        if not consumers:
            return
        arguments = {
            "event": event.id,
            "type": event.aggregate_type,
            "aggregate": event.aggregate_id,
            "seq": event.seq,
            "correlation": event.correlation_id,
            "consumers": list(consumers),
            "ids": [uuid7() for _consumer in consumers],
        }
        with connections[using].cursor() as cursor:
            cursor.execute(lanes.ADDRESS, arguments)

    @classmethod
    def claim(cls, *, using, consumers, correlation_id=None, abandoned=None, limit=100):
        """Lease the due heads of lanes, oldest first. Nobody else gets them until the lease ends.

        abandoned: True for those whose lease ended without a word from its relay, False for the others; else both.
        """
        arguments = {
            "consumers": random.sample(consumers, len(consumers)),  # a busy one is not always served first
            "states": lanes.STATES[abandoned],
            "correlation_id": correlation_id,
            "limit": limit,
            "token": uuid4(),
            "lease": settings.DELIVERY_LEASE_SECONDS,
        }
        statement = lanes.CLAIM.format(columns=_columns(cls, Event), story=lanes.STORY if correlation_id else "")
        with connections[using].cursor() as cursor:
            cursor.execute(statement + lanes.UNSYNCED, arguments)
            rows = sorted(cursor.fetchall(), key=lambda row: row[0].int)  # by its id, so by its age
        return [cls._claimed(row, using) for row in rows]

    @classmethod
    def _claimed(cls, row, using):
        names, of_event = _names(cls), _names(Event)
        delivery = cls.from_db(using, names, row[: len(names)])
        delivery.failures = json.loads(delivery.failures)
        delivery.event = event = Event.from_db(using, of_event, row[len(names) :])
        event.data, event.position = json.loads(event.data), delivery.position
        return delivery

    @property
    def position(self):
        return Position(
            aggregate_type=self.aggregate_type, aggregate_id=self.aggregate_id, seq=self.seq, prev_seq=self.prev_seq
        )

    @classmethod
    def finish(cls, deliveries, *, using) -> bool:
        """The effects are committed. A delivery whose lease went to another relay is left to that one.

        Says whether there is more in their lanes that can be delivered now.
        """
        if not deliveries:
            return False
        over = {"ids": [delivery.pk for delivery in deliveries], "token": deliveries[0].lease_token}
        with connections[using].cursor() as cursor:
            cursor.execute(lanes.FINISH + lanes.WAKE + lanes.UNSYNCED, over)
            cursor.nextset()  # the one that wakes
            return cursor.rowcount > 0

    def release(self):
        """Give the lease back untried."""
        self._while_leased(state=self.State.READY, attempts=models.F("attempts") - 1, available_at=Now())

    def hold_up(self, error, *, pause=None, **changes):
        """Try again later what failed by no fault of its own: that spends no attempt. pause: in seconds."""
        if pause is None:
            pause = getattr(error, "retry_after", None) or random.uniform(1, OUTAGE_PAUSE)  # noqa: S311
        later = {"state": self.State.READY, "available_at": Now() + timedelta(seconds=pause)}
        unspent = {"attempts": models.F("attempts") - 1, "held_up_since": Coalesce("held_up_since", Now())}
        self._while_leased(**later | unspent | _described(error) | changes)

    def shelve(self, error):
        """Keep it until there is code that knows its message; that spends no attempt."""
        self.hold_up(error, state=self.State.SHELVED)

    @classmethod
    def take_up(cls, *, using, consumer, types):
        """Send those on their way again that were shelved, now that the code knows these types."""
        shelved = cls.objects.using(using).filter(state=cls.State.SHELVED, consumer=consumer, event__type__in=types)
        return shelved.update(state=cls.State.READY, available_at=Now(), held_up_since=None)

    def fail(self, error, *, max_attempts, longest_pause=BACKOFF_CAP):
        """Try again later, with full jitter; or give up and hold the lane until an operator decides."""
        dead = self.attempts >= max_attempts or getattr(error, "permanent", False)
        pause = random.uniform(0, min(longest_pause, BACKOFF_BASE * 2**self.attempts))  # noqa: S311
        with transaction.atomic(using=self._state.db):
            mine = self._while_leased(
                state=self.State.DEAD if dead else self.State.READY,
                available_at=Now() + timedelta(seconds=getattr(error, "retry_after", None) or pause),
                held_up_since=None,
                **_described(error),
            )
            if dead and mine:
                self._park_tail()

    def _while_leased(self, **changes) -> bool:
        """Change it, unless its lease has gone to another relay; says whether it was still ours."""
        mine = type(self).objects.using(self._state.db).filter(pk=self.pk, lease_token=self.lease_token)
        return bool(mine.update(lease_token=None, **changes))

    def _park_tail(self):
        """Say of those behind a dead head that they wait for an operator."""
        self.tail().filter(state__in=[self.State.READY, self.State.WAITING]).update(state=self.State.PARKED)

    def tail(self):
        """Those behind it in its lane."""
        return type(self).objects.using(self._state.db).lane_of(self).filter(seq__gt=self.seq)


@functools.cache
def _names(model):
    return [field.attname for field in model._meta.concrete_fields]


@functools.cache
def _columns(*models):
    """Of the statements' `d` and `e`, in the order of the models' fields."""
    return ", ".join(
        f"{alias}.{f.column}" for alias, m in zip("de", models, strict=True) for f in m._meta.concrete_fields
    )


def _described(error):
    return {
        "last_error": "".join(traceback.format_exception(error))[-8000:],
        "fingerprint": _fingerprint(error),
        "failed_at": Now(),
        "failures": Func(Value(f"{type(error).__name__}: {error}"[:300]), template=NOTED),
    }


# The last twenty: an outage may last for days.
NOTED = """
jsonb_path_query_array(
    failures || jsonb_build_object('at', statement_timestamp(), 'attempt', attempts, 'error', (%(expressions)s)::text),
    '$[last - 19 to last]')
"""


def _fingerprint(error) -> str:
    """Exception class and place, the same for the same fault."""
    frames = traceback.extract_tb(error.__traceback__)
    place = "|".join(f"{frame.name}:{frame.lineno}" for frame in frames[-3:])
    return f"{type(error).__name__} {hashlib.sha256(place.encode()).hexdigest()[:12]}"
