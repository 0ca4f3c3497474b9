from django.db import models
from django.db.models.functions import Now

from events.ids import uuid7


class OperatorActionQuerySet(models.QuerySet):
    def on(self, noun):
        """What operators did to it, the last first."""
        return self.filter(target_type=noun._meta.model_name, target_id=str(noun.pk))


class OperatorAction(models.Model):
    """What an operator did by hand, why, and what it changed, in the database of the thing changed.

    A trigger of the database refuses to change or delete a row; not to TRUNCATE them all.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_default=Now())
    operator = models.CharField(max_length=200)
    operator_id = models.UUIDField(null=True)
    approved_by = models.CharField(max_length=200, blank=True, help_text="By the second person, if it took two.")
    action = models.CharField(max_length=100)
    target_type = models.CharField(max_length=50)
    target_id = models.CharField(max_length=100, db_index=True)
    reason = models.TextField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    seen = models.PositiveBigIntegerField(null=True, help_text="The revision that the operator looked at.")

    objects = OperatorActionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason__regex=r"^\s*$"), name="operator_action_has_a_reason")
        ]
        ordering = ["-id"]

    def __str__(self):
        return f"{self.operator}: {self.action} {self.target_type} {self.target_id}"

    @classmethod
    def record(cls, *, using, operator, action, target_type, target_id, reason, before, after, **more):
        """Write the action down; call it in the transaction of the change. more: operator_id, approved_by, seen."""
        told = {"operator": operator, "action": action, "reason": reason, "before": before, "after": after}
        return cls.objects.using(using).create(target_type=target_type, target_id=str(target_id), **told, **more)
