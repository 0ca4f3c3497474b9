import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import bus
from events.models import OperatorAction
from queueing import draw


class WrongState(Exception):
    """The room is not in a state from which it can go there."""

    def __init__(self, room, *, to):
        told = {"concert": room.concert_id, "state": room.state, "to": to}
        super().__init__(gettext("The room of %(concert)s is %(state)s, from where it can't become %(to)s.") % told)


class RoomChanged(Exception):
    """Somebody else has changed the room since the caller looked."""

    def __init__(self, room):
        told = {"concert": room.concert_id, "state": room.state}
        super().__init__(gettext("The room of %(concert)s was changed meanwhile; now it is %(state)s.") % told)


class RoomQuerySet(models.QuerySet):
    def ticking(self):
        """Rooms where time matters; also those just closed, until their last admissions are written down."""
        return self.filter(Q(state__in=Room.TICKING) | Q(changed_at__gt=Now() - Room.AFTERGLOW))


class Room(models.Model):
    """The waiting room of one concert: its state and limits. Who waits and who is in, `queueing.backends` keeps.

    A concert without a row here has its room OFF. Operators change a room through `queueing.levers`.
    """

    class State(models.TextChoices):
        OFF = "OFF", _("off")
        BEFORE_OPENING = "BEFORE_OPENING", _("before the opening")
        OPEN = "OPEN", _("open")
        PAUSED = "PAUSED", _("paused")
        CLOSED = "CLOSED", _("closed")

    SOURCES = {  # the states from which each may be reached; a room that already is there says so
        State.OFF: [State.BEFORE_OPENING, State.OPEN, State.PAUSED, State.CLOSED],
        State.BEFORE_OPENING: [State.OFF, State.BEFORE_OPENING, State.CLOSED],
        State.OPEN: [State.OFF, State.BEFORE_OPENING, State.PAUSED, State.CLOSED],
        State.PAUSED: [State.BEFORE_OPENING, State.OPEN],
        State.CLOSED: [State.OFF, State.BEFORE_OPENING, State.OPEN, State.PAUSED],
    }
    TICKING = [State.BEFORE_OPENING, State.OPEN, State.PAUSED]
    AFTERGLOW = timedelta(minutes=10)
    BLOCK = 1_000  # numbers promised to Redis at once; at most so many are skipped when Redis forgets

    concert_id = models.UUIDField(_("concert"), unique=True)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.OFF)
    max_active = models.PositiveIntegerField(_("active at once"), default=50)
    per_minute = models.PositiveIntegerField(_("new ones per minute"), default=600)
    active_seconds = models.PositiveIntegerField(
        _("active time"), default=600, validators=[MinValueValidator(1)], help_text=_("Seconds to choose and pay.")
    )
    longest_seconds = models.PositiveIntegerField(
        _("longest active time"), default=1800, help_text=_("Seconds; however often it is prolonged for a payment.")
    )
    grace_seconds = models.PositiveIntegerField(
        _("grace time"),
        default=300,
        validators=[MinValueValidator(30)],
        help_text=_("Seconds that a fan may stay away before a place in line, or a slot, is given up."),
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    announcement = models.CharField(_("announcement"), max_length=500, blank=True)
    high_water = models.PositiveBigIntegerField(
        _("high water"), default=0, editable=False, help_text=_("No number above it has ever been given.")
    )
    epoch = models.PositiveIntegerField(
        _("epoch"), default=1, editable=False, help_text=_("How often the room's memory was made anew after a loss.")
    )
    asks_proof = models.BooleanField(
        _("asks for proof of work"),
        default=False,
        help_text=_("A device computes for a second or two before it may enter."),
    )
    seed = models.CharField(max_length=64, default=secrets.token_hex, editable=False)  # secret until the draw
    draw_first = models.PositiveBigIntegerField(default=0, editable=False)
    draw_last = models.PositiveBigIntegerField(null=True, editable=False)
    board = models.JSONField(default=dict, editable=False)  # what a tick measured, where places are kept in PostgreSQL
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), editable=False)

    objects = RoomQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("room"), _("rooms")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(active_seconds__gte=1), name="room_has_active_time"),
            models.CheckConstraint(condition=Q(grace_seconds__gte=30), name="room_has_grace_time"),
        ]

    def __str__(self):
        return f"{self.concert_id} ({self.get_state_display()})"

    @property
    def draw(self) -> dict:
        """What anyone may know of the draw: the seed only once it is over. Tickets first + 1 … last took part."""
        over = self.draw_last is not None
        return {
            "commitment": draw.commitment(self.seed),
            "first": self.draw_first,
            "last": self.draw_last,
            "seed": self.seed if over else None,
        }

    def number_of(self, ticket) -> int:
        """What the draw gave to that ticket; who took it after the draw's end has its number."""
        if not self.draw_first < ticket <= self.draw_last:
            return ticket
        return draw.number_of(ticket, seed=self.seed, first=self.draw_first, last=self.draw_last)

    def ticket_of(self, number) -> int | None:
        """The ticket that has drawn this number; None for a number that was not drawn."""
        if self.draw_last is None or not self.draw_first < number <= self.draw_last:
            return None
        return draw.ticket_of(number, seed=self.seed, first=self.draw_first, last=self.draw_last)

    @classmethod
    def of(cls, concert_id):
        """The concert's room; a new one is OFF."""
        return cls.objects.get_or_create(concert_id=concert_id)[0]

    def change(self, *, action, operator, reason, operator_id=None, seen=None, given=None, told=None, **changes):
        """Change settings under the row's lock and write down who did it and why; needs a transaction.

        seen: the version that the operator looked at. given: the highest number given so far, where a draw begins or
        ends. told: what to write down of a change that is none of the settings.
        Raises RoomChanged, WrongState or ValidationError.
        """
        self.refresh_from_db(from_queryset=Room.objects.using(bus.home(Room)).select_for_update())
        self._allow(to=changes.get("state"), seen=seen, reason=reason)
        before = self._told(changes)
        self._write(changes | self._draw(to=changes.get("state"), given=given))
        OperatorAction.record(
            using=bus.home(Room),
            operator=operator,
            operator_id=operator_id,
            action=action,
            target_type="room",
            target_id=self.concert_id,
            reason=reason,
            before=before,
            after=told or self._told(changes),
        )

    def open_if_due(self, *, given=None):
        """BEFORE_OPENING becomes OPEN once its time has come, by the clock of PostgreSQL. Many may try at once.

        given: the highest number given so far. Who comes after it has come after the opening.
        """
        due = Room.objects.filter(pk=self.pk, state=Room.State.BEFORE_OPENING, opens_at__lte=Now())
        last = F("high_water") if given is None else Least(F("high_water"), given)
        due.update(
            state=Room.State.OPEN,
            draw_last=Greatest("draw_first", last),
            version=F("version") + 1,
            changed_at=Now(),
        )
        self.refresh_from_db()

    def _draw(self, *, to, given) -> dict:
        """What a change of state does to the draw: it begins with a new secret seed, and ends with the opening."""
        before, given = Room.State.BEFORE_OPENING, self.high_water if given is None else min(given, self.high_water)
        if to == before != self.state:
            return {"seed": draw.new_seed(), "draw_first": given, "draw_last": None}
        if self.state == before and to not in (None, before):
            return {"draw_last": max(self.draw_first, given)}
        return {}

    @classmethod
    def claim_block(cls, concert_id, *, above) -> bool:
        """Promise the BLOCK of numbers above `above` to the caller; false if that is no longer the high water."""
        row = cls.objects.filter(concert_id=concert_id, high_water=above)
        return bool(row.update(high_water=F("high_water") + cls.BLOCK))

    @classmethod
    def claim_any_block(cls, concert_id) -> int:
        """Promise the next BLOCK of numbers to the caller, wherever it begins; returns its last number."""
        with bus.atomic(cls):
            room = cls.objects.select_for_update().get(concert_id=concert_id)
            room.high_water += cls.BLOCK
            room.save(update_fields=["high_water"])
        return room.high_water

    def _allow(self, *, to, seen, reason):
        if not reason.strip():
            raise ValidationError(_("Say why."))
        if seen not in (None, self.version):
            raise RoomChanged(self)
        if to is not None and self.state not in self.SOURCES[to]:
            raise WrongState(self, to=to)

    def _write(self, changes):
        for name, value in changes.items():
            setattr(self, name, value)
        self.version += 1
        self.full_clean()
        self.save(update_fields=[*changes, "version"])
        Room.objects.filter(pk=self.pk).update(changed_at=Now())

    def _told(self, changes):
        return {name: value if isinstance(value := getattr(self, name), int) else str(value or "") for name in changes}
