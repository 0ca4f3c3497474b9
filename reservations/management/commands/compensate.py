from events.management.lever_command import LeverCommand
from reservations.handles import HANDLES


class Command(LeverCommand):
    help = "Undoes reservations by hand: frees their seats, gives their points back. As `reservation compensate`."

    def add_arguments(self, parser):
        self.add_things(parser, HANDLES["compensate"])

    def handle(self, **options):
        self.pull(HANDLES["compensate"], **options)
