from django.db import models
from django.utils.translation import gettext_lazy as _

from events import bus
from events.aggregate import WrongStatus


class AttentionQuerySet(models.QuerySet):
    def needing_attention(self):
        """Those that call for an operator now."""
        return self.exclude(attention="")


class CallsForAttention(models.Model):
    """Of an Aggregate that may need an operator: why it does, and what one has seen to that is not over yet."""

    attention = models.CharField(_("needs attention"), max_length=200, blank=True)
    resolved = models.CharField(max_length=200, blank=True, default="", db_default="", editable=False)

    class Meta:
        abstract = True

    def call_attention(self, *, why):
        """Nothing more can be done without an operator. Raises WrongStatus when it changed since it was read."""
        with bus.atomic(self):
            self.say(None, cause=why, attention=why)

    def take_attention_back(self, *, resolved=""):
        """What was wrong has come right. Raises WrongStatus when it changed since it was read.

        resolved: what of it is not over, but was seen to.
        """
        with bus.atomic(self):
            self.say(None, cause="what asked for attention is over", attention="", resolved=resolved)

    def need_no_attention(self, *, cause):
        """An operator has seen to it: the same calls for nobody again before it was over once.

        Raises WrongStatus when nothing called for attention.
        """
        with bus.atomic(self):
            self.lock()
            if not self.attention:
                raise WrongStatus(self, expected=["one that needs attention"])
            self.say(None, cause=cause, attention="", resolved=self.attention)

    def as_told(self):
        return super().as_told() | ({"attention": self.attention} if self.attention else {})
