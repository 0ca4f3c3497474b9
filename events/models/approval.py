import hashlib
import json

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from events.ids import uuid7


class Approval(models.Model):
    """What one operator asked for and another has to approve, in the database of what it is about."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("waits for a second person")  # → APPROVED, REFUSED, EXPIRED
        APPROVED = "APPROVED", _("approved")
        REFUSED = "REFUSED", _("refused")
        EXPIRED = "EXPIRED", _("expired")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    action = models.CharField(_("lever"), max_length=100)
    operator = models.CharField(_("asked for by"), max_length=200)
    operator_id = models.UUIDField(null=True)
    reason = models.TextField(_("reason"))
    points = models.PositiveBigIntegerField(_("points"), default=0)
    items = models.JSONField(help_text="What it is about, as it was seen: id, seen (revision), noun, will, before.")
    scope = models.CharField(max_length=64, editable=False)  # the same for the same request
    asked_at = models.DateTimeField(_("asked at"), db_default=Now())
    expires_at = models.DateTimeField(_("expires at"))
    decided_by = models.CharField(_("decided by"), max_length=200, blank=True)
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    remark = models.TextField(_("remark"), blank=True)
    results = models.JSONField(_("results"), default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("approval"), _("approvals")
        ordering = ["-id"]
        permissions = [("decide_approval", _("Can approve or refuse what a colleague asks for"))]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "scope"], condition=Q(state="PENDING"), name="one_request_for_the_same"
            ),
            models.CheckConstraint(
                condition=~Q(state="APPROVED") | ~Q(decided_by=F("operator")), name="nobody_approves_his_own"
            ),
        ]

    def __str__(self):
        return f"{self.action} × {len(self.items)}: {self.reason}"

    @property
    def seen(self) -> dict:
        """{id: revision}"""
        return {item["id"]: item["seen"] for item in self.items}


def scope_of(seen) -> str:
    """The same for the same ids as seen at the same revisions."""
    return hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()
