from events.management.lever_command import LeverCommand
from reservations.handles import HANDLES


class Command(LeverCommand):
    help = "Does to reservations by hand what the console's levers do."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, handle in HANDLES.items():
            self.add_things(verbs.add_parser(verb, help=str(handle.label)), handle)

    def handle(self, *, verb, **options):
        self.pull(HANDLES[verb], **options)
