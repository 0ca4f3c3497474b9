from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from events.ids import uuid7

LEASE = timedelta(seconds=30)
KEPT = timedelta(hours=24)


class IdempotentRequest(models.Model):
    """A client's request with an Idempotency-Key, and its first answer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account_id = models.UUIDField()
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    leased_until = models.DateTimeField(null=True, help_text="Somebody works on it until then; a crash ends that too.")
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the stored answer.")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account_id", "key"], name="one_request_per_key")]

    def __str__(self):
        return self.key

    @classmethod
    def claim(cls, *, using, account_id, key, fingerprint):
        """(request, mine): the key's row, and whether the caller is the one to run it now."""
        rows = cls.objects.using(using)
        request, created = rows.get_or_create(
            account_id=account_id, key=key, defaults={"fingerprint": fingerprint, "leased_until": Now() + LEASE}
        )
        free = models.Q(leased_until=None) | models.Q(leased_until__lte=Now())
        mine = created or bool(
            rows.filter(free, pk=request.pk, status=None, fingerprint=fingerprint).update(leased_until=Now() + LEASE)
        )
        if not mine:
            request = rows.get(pk=request.pk)  # its answer may have come in between
        return request, mine

    @classmethod
    def prune(cls, *, using) -> int:
        """Forget the answers of more than a day ago; returns how many."""
        return cls.objects.using(using).filter(created_at__lt=Now() - KEPT).delete()[0]

    def answer(self, *, status, body):
        self._update(status=status, body=body, leased_until=None)

    def release(self):
        """Let a repeat run again: it answers with the state of then."""
        self._update(leased_until=None)

    def _update(self, **changes):
        type(self).objects.using(self._state.db).filter(pk=self.pk).update(**changes)
