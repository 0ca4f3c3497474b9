from django.db import models
from django.db.models import Q


class KeptPlace(models.Model):
    """A fan's place, where places are kept in PostgreSQL instead of Redis. Only `queueing.backends` writes here.

    number is empty before the draw, ticket where there was none. latest: the longest that `until` may become.
    remaining: milliseconds that were left when the fan began to pay.
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


class Door(models.Model):
    """How much of its allowance of new places an address has used, where places are kept in PostgreSQL."""

    room = models.ForeignKey("queueing.Room", models.CASCADE, related_name="doors")
    address = models.CharField(max_length=64)
    used_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("room", "address", name="one_door_per_address")]

    def __str__(self):
        return f"{self.room_id}: {self.address}"
