import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts import tokens
from accounts.models.user import User


class ApiToken(models.Model):
    """A signed-in device. Only a hash of the token is kept: the table opens nobody's account."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self):
        return f"{self.user} until {self.expires_at:%Y-%m-%d}"

    @classmethod
    def issue(cls, *, user, now):
        """(row, token): the token itself is known to nobody afterwards."""
        row, token = cls.make(user=user, now=now)
        row.save()
        return row, token

    @classmethod
    def make(cls, *, user, now):
        """The same with a row that is not saved yet."""
        expires_at = now + timedelta(days=settings.API_TOKEN_DAYS)
        token = tokens.issue(account_id=user.pk, expires_at=expires_at)
        return cls(user=user, digest=digest_of(token), expires_at=expires_at), token

    @classmethod
    def find(cls, token):
        """The live row of that token, with its user, or None."""
        rows = cls.objects.filter(digest=digest_of(token), expires_at__gt=Now(), user__is_active=True)
        return rows.select_related("user").first()


def digest_of(token) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
