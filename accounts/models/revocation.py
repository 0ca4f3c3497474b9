from django.db import models
from django.db.models.functions import Now


class Revocation(models.Model):
    """A token that has ended before its time, kept until that time.

    Written by triggers of the database, whoever deletes or shortens a token or stops its user, in whatever way. It
    says that the signature is not enough any more; whether the token holds is what ApiToken says.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(db_default=Now(), db_index=True)
    expires_at = models.DateTimeField(db_index=True)
