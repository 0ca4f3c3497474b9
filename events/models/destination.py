import random
from datetime import timedelta

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models.operator_action import OperatorAction
from events.refused import Refused

OUTAGES_TO_OPEN = 3  # one after the other, without an answer in between
LONGEST_PAUSE = 60  # seconds between two probes


COUNT_OUTAGE = """
INSERT INTO events_destination AS d (consumer, outages, last_error, paused, version) VALUES (%s, 1, %s, false, 0)
    ON CONFLICT (consumer) DO UPDATE SET outages = d.outages + 1, last_error = EXCLUDED.last_error
RETURNING outages
"""


class AlreadySo(Refused):
    """The consumer was paused, or resumed, before; or it was switched since the operator looked. Says by whom."""

    def __init__(self, row, *, paused):
        so = gettext("It is paused already.") if paused else gettext("It is not paused.")
        words = so if row.paused == paused else gettext("It was paused or resumed since you looked.")
        super().__init__(" ".join([words, *_last_switch(row)]))


def _last_switch(row):
    actions = OperatorAction.objects.using(row._state.db).filter(target_type="consumer", target_id=row.pk)
    if last := actions.first():
        yield gettext("Last switched by %(who)s: %(reason)s") % {"who": last.operator, "reason": last.reason}


class Destination(models.Model):
    """What there is to know about delivering to a consumer, in its home's database. No row: nothing stands against it.

    After a few outages in a row the breaker opens (`away_since`): nobody is sent there but one probe at a time, until
    one is answered. `probe_at` is when the next may start, and of one under way when it counts as lost.
    """

    consumer = models.CharField(primary_key=True, max_length=50)
    outages = models.PositiveIntegerField(default=0, help_text="In a row.")
    away_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    paused = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0, help_text="How often an operator has intervened.")

    class Meta:
        verbose_name, verbose_name_plural = _("consumer"), _("consumers")
        constraints = [
            models.CheckConstraint(
                condition=Q(away_since=None, probe_at=None) | Q(away_since__isnull=False, probe_at__isnull=False),
                name="who_is_away_is_probed",
            )
        ]
        permissions = [("pause_destination", _("Can pause and resume the delivery to a consumer"))]

    def __str__(self):
        return self.consumer

    # For the relay

    @classmethod
    def note_outage(cls, consumer, *, using, error):
        """Nobody was there. After a few in a row, or when it said `Retry-After`, only probes are sent."""
        outages = cls._count_outage(consumer, using=using, error=error)
        asked = getattr(error, "retry_after", None)
        if asked or outages >= OUTAGES_TO_OPEN:
            longest = min(LONGEST_PAUSE, 2 ** min(outages - OUTAGES_TO_OPEN + 1, 10))
            pause = timedelta(seconds=asked or random.uniform(0.5, 1) * longest)  # noqa: S311
            row = cls.objects.using(using).filter(consumer=consumer)
            row.update(away_since=Coalesce("away_since", Now()), probe_at=Now() + pause)

    @classmethod
    def _count_outage(cls, consumer, *, using, error) -> int:
        with connections[using].cursor() as cursor:
            cursor.execute(COUNT_OUTAGE, [consumer, f"{type(error).__name__}: {error}"[:500]])
            return cursor.fetchone()[0]

    @classmethod
    def note_answer(cls, consumer, *, using):
        """Somebody was there, whatever he said: the breaker closes."""
        away = cls.objects.using(using).filter(consumer=consumer, outages__gt=0)
        away.update(outages=0, away_since=None, probe_at=None, last_error="")

    @classmethod
    def take_probe(cls, consumer, *, using) -> bool:
        """Whether the caller is the one to find out now whether somebody is there. A prober that dies is replaced."""
        due = cls.objects.using(using).filter(consumer=consumer, probe_at__lte=Now(), paused=False)
        return bool(due.update(probe_at=Now() + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)))

    @classmethod
    def give_probe_back(cls, consumer, *, using):
        """There was nothing to send."""
        cls.objects.using(using).filter(consumer=consumer, away_since__isnull=False).update(probe_at=Now())

    # For operators

    def switch(self, verb, **why):
        """`pause` or `resume` it, in the database that this row stands in."""
        getattr(type(self), verb)(self.pk, using=self._state.db, **why)

    @classmethod
    def pause(cls, consumer, *, using, seen=None, **why):
        """Deliver nothing to the consumer until it is resumed; what comes for it is kept. Raises AlreadySo.

        seen: the version that the operator looked at; when it has changed since, AlreadySo as well.
        why: operator (a name), reason, and operator_id if there is one.
        """
        cls._switch(consumer, using, why, paused=True, seen=seen)

    @classmethod
    def resume(cls, consumer, *, using, seen=None, **why):
        """Go on where it was paused, and don't wait for the next probe either. The rest is as for pause."""
        cls._switch(consumer, using, why, paused=False, seen=seen)

    @classmethod
    def _switch(cls, consumer, using, why, *, paused, seen):
        rows = cls.objects.using(using)
        with transaction.atomic(using=using):
            rows.bulk_create([cls(consumer=consumer)], ignore_conflicts=True)
            row = rows.filter(consumer=consumer, **({} if seen is None else {"version": seen}))
            probe_at = Case(When(away_since__isnull=False, then=Now()))
            if not row.filter(paused=not paused).update(paused=paused, version=F("version") + 1, probe_at=probe_at):
                raise AlreadySo(rows.get(consumer=consumer), paused=paused)
            OperatorAction.record(
                using=using, action="consumer.pause" if paused else "consumer.resume", target_type="consumer",
                target_id=consumer, before={"paused": not paused}, after={"paused": paused}, seen=seen, **why,
            )  # fmt: skip
