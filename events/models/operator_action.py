from django.db import models
from django.db.models.functions import Now

from events.ids import uuid7


class OperatorAction(models.Model):
    """What an operator did by hand, why, and what it changed. Append-only, in the database of the thing changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_default=Now())
    operator = models.CharField(max_length=200)
    operator_id = models.UUIDField(null=True)
    action = models.CharField(max_length=100)
    target_type = models.CharField(max_length=50)
    target_id = models.CharField(max_length=100, db_index=True)
    reason = models.TextField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason__regex=r"^\s*$"), name="operator_action_has_a_reason")
        ]
        ordering = ["-id"]

    def __str__(self):
        return f"{self.operator}: {self.action} {self.target_type} {self.target_id}"

    @classmethod
    def record(cls, *, using, operator, action, target_type, target_id, reason, before, after, operator_id=None):
        """Write the action down; call it in the transaction of the change."""
        return cls.objects.using(using).create(
            operator=operator,
            operator_id=operator_id,
            action=action,
            target_type=target_type,
            target_id=str(target_id),
            reason=reason,
            before=before,
            after=after,
        )
