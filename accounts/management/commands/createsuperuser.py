from django.contrib.auth.management.commands import createsuperuser

from accounts.models import User
from events.homes import home


class Command(createsuperuser.Command):
    """Django's own, in the database where users live."""

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(database=home(User))
