from datetime import timedelta

import structlog
from django.db import IntegrityError, models
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concert_site.invariants import LETTERS, PAUSE, gently, judge
from concert_site.invariants.reading import Suspect
from events import bus
from events.clock import database_now
from events.ids import uuid7

logger = structlog.get_logger(__name__)
STATEMENT_SECONDS = 120  # then a statement is given up, and the finding says so
LEASE = timedelta(minutes=30)  # whoever looks longer is taken for dead
MOST_EXAMPLES = 20


class FindingQuerySet(models.QuerySet):
    def last_looks(self):
        """Of each invariant the last that is over."""
        return self.filter(state=Finding.State.DONE).order_by("letter", "-id").distinct("letter")

    def under_way(self):
        return self.exclude(state=Finding.State.DONE)

    def due(self) -> list:
        """Letters that the timetable wants looked at, and that nobody has asked for yet."""
        now = database_now(bus.home(Finding))
        last = dict(self.exclude(started_at=None).order_by().values_list("letter").annotate(Max("started_at")))
        asked = set(self.under_way().values_list("letter", flat=True))
        late = [each for each in LETTERS.values() if each.letter not in last or last[each.letter] + each.every <= now]
        return [each.letter for each in late if each.letter not in asked]


class Finding(models.Model):
    """What one round found about one invariant."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")  # → LOOKING
        LOOKING = "looking", _("being looked at")  # → DONE, or WAITING when its process died
        DONE = "done", _("looked at")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reconciliation = models.ForeignKey("Reconciliation", models.CASCADE, related_name="findings")
    letter = models.CharField(max_length=5)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    violations = models.PositiveIntegerField(default=0)
    moving = models.PositiveIntegerField(default=0)
    unchecked = models.JSONField(default=list, help_text="What could not be looked at, and why.")
    examples = models.JSONField(default=list, help_text="[key, fault, versions] of the first violations.")

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("finding"), _("findings")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="looking"), name="one_look_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["letter", "-id"], name="findings_of_a_letter"),
            models.Index(fields=["id"], name="findings_under_way", condition=~Q(state="done")),
        ]

    def __str__(self):
        return f"{self.letter}: {self.violations} wrong" if self.finished_at else f"{self.letter}: {self.state}"

    @classmethod
    def next(cls) -> "Finding | None":
        """The oldest that waits, now ours; None when none does, or while somebody looks at another one."""
        abandoned = cls.objects.filter(state=cls.State.LOOKING, started_at__lt=Now() - LEASE)
        abandoned.update(state=cls.State.WAITING)
        first = cls.objects.filter(state=cls.State.WAITING).order_by("id").first()
        return first if first and first._begin() else None

    def look(self, *, pause=PAUSE):
        """Judge the invariant and keep what was found. What can't be found out is said so, and doesn't raise.

        pause: as of `judge`.
        """
        try:
            with gently(seconds=STATEMENT_SECONDS):
                verdict = judge(LETTERS[self.letter], pause=pause)
        except Exception as error:  # else nobody could look at another one before LEASE is over
            logger.warning("invariant_unchecked", letter=self.letter, exc_info=True)
            self._keep(unchecked=[f"{type(error).__name__}: {error}"[:500]])
        else:
            examples = [[each.key, each.fault, list(each.versions)] for each in verdict.violations[:MOST_EXAMPLES]]
            self._keep(
                violations=len(verdict.violations), moving=len(verdict.moving), unchecked=verdict.unchecked,
                examples=examples,
            )  # fmt: skip

    @property
    def holds(self) -> bool | None:
        """None: not all could be looked at."""
        return False if self.violations else None if self.unchecked else True

    @property
    def seconds(self) -> float | None:
        """How long the look took."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    @property
    def suspects(self) -> list[Suspect]:
        """The examples."""
        return [Suspect(key, fault, tuple(versions)) for key, fault, versions in self.examples]

    def _begin(self):
        waiting = type(self).objects.filter(pk=self.pk, state=self.State.WAITING)
        try:
            with bus.atomic(self):
                begun = waiting.update(state=self.State.LOOKING, started_at=Now())
        except IntegrityError:  # one_look_at_a_time
            return False
        self.refresh_from_db()
        return bool(begun)

    def _keep(self, **found):
        """Unless it was taken for dead meanwhile, and somebody else has begun anew."""
        ours = type(self).objects.filter(pk=self.pk, state=self.State.LOOKING, started_at=self.started_at)
        ours.update(state=self.State.DONE, finished_at=Now(), **found)
        self.refresh_from_db()
