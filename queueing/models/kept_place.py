from datetime import timedelta
from typing import NamedTuple

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber


class Hearing(NamedTuple):
    """The time, and the heartbeats that count by it: none older than `since`; None while every place is spared."""

    now: object
    since: object


class KeptPlaceQuerySet(models.QuerySet):
    def early(self):
        """Who came before the opening and has no number yet, by ticket."""
        return self.filter(status=KeptPlace.Status.WAITING, number=None).order_by("ticket")

    def line(self):
        """Who waits for his turn, in order."""
        return self.filter(status=KeptPlace.Status.WAITING, number__isnull=False).order_by("number")

    def inside(self):
        return self.filter(status=KeptPlace.Status.ACTIVE)

    def over(self, hearing):
        """Those inside whose time is over. (`KeptPlace.end` says the same of one.)"""
        is_over = Q(until__lte=hearing.now)
        if hearing.since:
            is_over |= Q(remaining=0, heard_at__lte=hearing.since)
        return self.inside().filter(is_over)

    def gone(self, hearing):
        """Those waiting who have not been heard of."""
        if hearing.since is None:
            return self.none()
        return self.filter(status=KeptPlace.Status.WAITING, heard_at__lte=hearing.since)

    def ended_before(self, moment):
        return self.filter(status__in=[KeptPlace.Status.USED, KeptPlace.Status.EXPIRED], ended_at__lte=moment)

    def with_ahead(self):
        """Each with `ahead`: how many of the line are let in before it."""
        before = KeptPlace.objects.filter(room=OuterRef("room"), number__lt=OuterRef("number")).line().order_by()
        count = before.values("room").annotate(count=Count("pk")).values("count")
        return self.annotate(ahead=Coalesce(Subquery(count), 0))

    def at_ranks(self, ranks):
        """(number, rank) of the line at these ranks, which count from 0."""
        ranked = self.line().annotate(rank=Window(RowNumber(), order_by="number") - 1)
        return list(ranked.filter(rank__in=ranks).values_list("number", "rank"))

    def finish(self, status, *, now) -> int:
        """These places are over; what became of them is remembered for a while. Returns how many."""
        return self.update(status=status, ended_at=now)


class KeptPlace(models.Model):
    """A fan's place, where places are kept in PostgreSQL instead of Redis. Only `queueing.backends` writes here.

    number is empty before the draw, ticket where there was none. latest: the longest that `until` may become.
    remaining: milliseconds that were left when the fan began to pay; 0 while he does not.
    """

    class Status(models.TextChoices):
        WAITING = "WAITING"
        ACTIVE = "ACTIVE"
        USED = "USED"
        EXPIRED = "EXPIRED"

    room = models.ForeignKey("queueing.Room", models.CASCADE, related_name="places")
    account_id = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    number = models.PositiveBigIntegerField(null=True)
    ticket = models.PositiveBigIntegerField(null=True)
    heard_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    latest = models.DateTimeField(null=True)
    remaining = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    objects = KeptPlaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("room", "account_id", name="one_place_per_account"),
            models.UniqueConstraint("room", "number", name="one_place_per_number"),
        ]
        indexes = [
            models.Index("room", "number", name="kept_place_line", condition=Q(status="WAITING")),
            models.Index("room", "ticket", name="kept_place_early", condition=Q(status="WAITING", number=None)),
            models.Index("room", "heard_at", name="kept_place_heard", condition=Q(status="WAITING")),
            models.Index("room", "until", name="kept_place_in", condition=Q(status="ACTIVE")),
            models.Index("room", "ended_at", name="kept_place_over", condition=Q(status__in=["USED", "EXPIRED"])),
        ]

    def __str__(self):
        return f"{self.room_id}:{self.account_id} {self.status}"

    def end(self, *, spared, grace):
        """Until when an ACTIVE place is in: less than promised where the fan is not heard of, unless he is paying."""
        return self.until if spared or self.remaining else min(self.until, self.heard_at + grace)

    def status_at(self, now, *, spared, grace):
        """The time decides about ACTIVE, whether or not a tick has come by."""
        if self.status == self.Status.ACTIVE and self.end(spared=spared, grace=grace) <= now:
            return self.Status.EXPIRED
        return self.Status(self.status)

    def begin(self, *, now, number=None, ticket=None):
        """A new place at the end, whatever was before."""
        self.status, self.number, self.ticket, self.heard_at = self.Status.WAITING, number, ticket, now
        self.until = self.latest = self.ended_at = None
        self.remaining = 0
        self.save()

    def keep(self, until, *, now):
        """The fan pays: in until then, or as long as it was promised. What was left is remembered once."""
        left = self.remaining or milliseconds_in(self.until - now)
        self.until, self.remaining = max(self.until, min(until, self.latest)), left
        self.save(update_fields=["until", "remaining"])

    def give_back(self, *, now) -> bool:
        """The payment failed: what was left when it began counts from now. False where nothing is left to give."""
        until = min(now + timedelta(milliseconds=self.remaining), self.latest)
        if until <= now:
            return False
        self.status, self.until, self.heard_at = self.Status.ACTIVE, until, now
        self.remaining, self.ended_at = 0, None
        self.save()
        return True


class Door(models.Model):
    """How much of its allowance of new places an address has used, where places are kept in PostgreSQL."""

    room = models.ForeignKey("queueing.Room", models.CASCADE, related_name="doors")
    address = models.CharField(max_length=64)
    used_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("room", "address", name="one_door_per_address")]

    def __str__(self):
        return f"{self.room_id}: {self.address}"

    def refuses_for(self, *, now, at_once, each) -> timedelta:
        """How long to wait until it lets one more pass; zero, and one more has passed, where it does so now."""
        used = max(self.used_until, now) + each
        wait = max(timedelta(0), used - now - at_once * each)
        if not wait:
            self.used_until = used
            self.save()
        return wait


def milliseconds_in(duration) -> int:
    return duration // timedelta(milliseconds=1)
