"""A noun whose every change is numbered, logged and told."""

from django.db import models

from events import bus, context
from events.ids import uuid7
from events.models import Transition


class WrongStatus(Exception):
    """The noun is not in a status from which it can do this."""

    def __init__(self, noun, *, expected):
        self.noun, self.expected = noun, expected
        super().__init__(f"{noun._meta.verbose_name} {noun.pk} is {noun.status}, not {' or '.join(expected)}.")


class Aggregate(models.Model):
    """Base of nouns with a status. A transition happens, with its log line and its event, or it raises."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    @property
    def correlation_id(self):
        """What the whole story is told under."""
        return self.id

    def lock(self):
        """Read the row again under its lock; needs a transaction."""
        rows = type(self)._base_manager.using(bus.home(self)).select_for_update()
        self.refresh_from_db(from_queryset=rows)

    def begin(self, *, cause, message=None):
        """Save the new noun as its version 1."""
        self.version = 1
        self.save(using=bus.home(self), force_insert=True)
        self._tell("", cause, message)

    def move(self, to, *, source, cause, message=None, **changes):
        """Go from one of the `source` statuses to `to`. Raises WrongStatus, also when the row was changed meanwhile."""
        sources = [source] if isinstance(source, str) else list(source)
        before = self.status
        changes |= {"status": to, "version": self.version + 1}
        rows = type(self)._base_manager.using(bus.home(self))
        if before not in sources or not rows.filter(pk=self.pk, status=before, version=self.version).update(**changes):
            raise WrongStatus(self, expected=sources)
        for name, value in changes.items():
            setattr(self, name, value)
        self._tell(before, cause, message)

    def say(self, message, *, cause, **changes):
        """Publish a message without changing the status; it takes a version of its own all the same."""
        self.move(self.status, source=self.status, cause=cause, message=message, **changes)

    def _tell(self, before, cause, message):
        Transition.objects.using(bus.home(self)).create(
            aggregate_type=self._meta.label,
            aggregate_id=self.pk,
            version=self.version,
            from_status=before,
            to_status=self.status,
            cause=cause,
            actor=context.current().actor,
            correlation_id=self.correlation_id,
        )
        if message is not None:
            bus.publish(message, by=self)
