from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from concert_site.invariants import LETTERS
from concert_site.models.finding import Finding
from events import bus
from events.ids import uuid7

KEPT = timedelta(days=14)


class Reconciliation(models.Model):
    """One round over some invariants, asked for by the timetable or by an operator."""

    TIMETABLE = "timetable"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    asked_by = models.CharField(_("asked for by"), max_length=200)
    asked_at = models.DateTimeField(_("asked for at"), db_default=Now())

    class Meta:
        verbose_name, verbose_name_plural = _("reconciliation"), _("reconciliations")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.asked_by}, {self.asked_at:%Y-%m-%d %H:%M}"

    @classmethod
    def ask(cls, *, by, letters=None) -> "Reconciliation":
        """Have these invariants looked at, else all: by the worker, one after the other."""
        with bus.atomic(cls):
            asked = cls.objects.create(asked_by=by)
            Finding.objects.bulk_create(Finding(reconciliation=asked, letter=each) for each in letters or LETTERS)
        asked.refresh_from_db()
        return asked

    @classmethod
    def ask_by_hand(cls, *, by, letters=None) -> "Reconciliation":
        """The same for an operator; who asks for what waits already is led to the round in which it waits."""
        waiting = Finding.objects.filter(state=Finding.State.WAITING, letter__in=letters or LETTERS).order_by("id")
        rounds = {each.letter: each.reconciliation for each in waiting.select_related("reconciliation")}
        missing = [each for each in letters or LETTERS if each not in rounds]
        return cls.ask(by=by, letters=missing) if missing else max(rounds.values(), key=lambda each: each.pk)

    @classmethod
    def ask_for_what_is_due(cls):
        """What the timetable asks for now; None when nothing is due."""
        due = Finding.objects.due()
        return cls.ask(by=cls.TIMETABLE, letters=due) if due else None

    @classmethod
    def prune(cls):
        """Forget old rounds, but of each invariant the last look."""
        kept = Finding.objects.last_looks().values_list("reconciliation", flat=True)
        old = cls.objects.filter(asked_at__lt=Now() - KEPT).exclude(pk__in=list(kept))
        old.filter(pk__in=list(old.values_list("pk", flat=True)[:1_000])).delete()
