import sys
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import router, transaction

from reservations.models import SeatingPlan, Venue
from reservations.seating_plans import SeatingPlanInvalid, read_csv, read_pretix


class Command(BaseCommand):
    help = "Reads a seating plan (JSON as pretix's editors write it, or CSV) and stores it for a venue."

    def add_arguments(self, parser):
        parser.add_argument("file", help="the file, or - for standard input")
        parser.add_argument("--venue", required=True, help="the venue's name; it is created if there is none")
        parser.add_argument("--name", help="the plan's name (the one in the file, or the file's)")
        parser.add_argument("--format", choices=["json", "csv"], help="else told by the file's name or its text")
        parser.add_argument("--replace", action="store_true", help="replace the venue's plan of that name")
        parser.add_argument("--dry-run", action="store_true", help="check and report, store nothing")

    def handle(self, *, file, venue, name, format, replace, dry_run, **options):
        source = contents_of(file)
        with patience(self.stderr, f"Reading {len(source):,} bytes"):
            layout = self.layout(source, format=format or format_of(file, source), file=file, name=name)
        self.summarise(layout)
        with patience(self.stderr, f"Storing {len(layout.seats):,} seats"):
            said = store(layout, venue=venue.strip(), replace=replace, dry_run=dry_run)
        for line in said:
            self.stdout.write(line)

    def layout(self, source, *, format, file, name):
        try:
            layout = read_pretix(source) if format == "json" else read_csv(source, name=name_of(file))
        except SeatingPlanInvalid as error:
            for fault in error.faults:
                self.stderr.write(fault)
            raise CommandError(f"{counted(len(error.faults), 'fault')} in {file}; nothing was changed.") from None
        return layout if name is None else replace(layout, name=name.strip())

    def summarise(self, layout):
        by_grade = Counter(seat.grade for seat in layout.seats)
        by_section = Counter((seat.section, seat.grade) for seat in layout.seats)
        sections = dict.fromkeys(seat.section for seat in layout.seats)
        self.stdout.write(f"{counted(len(layout.seats), 'seat')} in {counted(len(sections), 'section')}")
        for grade in layout.grades:
            self.stdout.write(f"{by_grade[grade.name]:>8,}  {grade.name}")
        for section in sections:
            parts = {grade.name: by_section[section, grade.name] for grade in layout.grades}
            words = ", ".join(f"{name} {count:,}" for name, count in parts.items() if count)
            self.stdout.write(f"{sum(parts.values()):>8,}  section {section} ({words})")


def contents_of(file):
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None


def format_of(file, source):
    suffix = Path(file).suffix.lower().lstrip(".")
    if suffix in ("json", "csv"):
        return suffix
    return "json" if source.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else "csv"


def name_of(file):
    return "Seating plan" if file == "-" else Path(file).stem


def store(layout, *, venue, replace, dry_run):
    """Stores the layout and answers what was done, in sentences; or changes nothing and raises CommandError."""
    using = router.db_for_write(SeatingPlan)
    checked(Venue(name=venue), exclude=["address"])
    checked(SeatingPlan(name=layout.name), exclude=["venue", "layout"])
    with transaction.atomic(using=using):
        venue, is_new_venue = Venue.objects.using(using).get_or_create(name=venue)
        plans = SeatingPlan.objects.using(using)
        plan, is_new = plans.get_or_create(venue=venue, name=layout.name, defaults={"layout": layout.to_json()})
        if not is_new:
            put_in(plan, layout, replace=replace)
        transaction.set_rollback(dry_run, using=using)
    return sentences(plan, is_new_venue=is_new_venue, is_new=is_new, dry_run=dry_run)


def checked(row, *, exclude):
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        raise CommandError(
            "; ".join(f"{field}: {' '.join(said)}" for field, said in error.message_dict.items())
        ) from None


def put_in(plan, layout, *, replace):
    if not replace:
        raise CommandError(
            f'{plan.venue} has a plan "{plan.name}" already; --replace replaces it. Nothing was changed.'
        )
    # Their seats are copies of the old plan, but the stage around them would be drawn from the new one.
    if count := plan.performances.filter(seat_count__gt=0).count():
        noun = counted(count, "performance")
        raise CommandError(
            f'"{plan.name}" is the plan of {noun}; store this one under another --name. Nothing was changed.'
        )
    plan.layout = layout.to_json()
    plan.save(update_fields=["layout"])


def sentences(plan, *, is_new_venue, is_new, dry_run):
    will = "would be" if dry_run else "was"
    if is_new_venue:
        yield f'The venue "{plan.venue}" {will} created, in the time zone {plan.venue.time_zone}.'
    yield f'The plan "{plan.name}" {will} {"stored" if is_new else "replaced"}.'


@contextmanager
def patience(stream, doing):
    """Says what takes so long, every second after the first."""
    over = threading.Event()

    def tell():
        seconds = 0
        while not over.wait(1):
            seconds += 1
            stream.write(f"{doing}: {seconds} s …")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def counted(count, noun):
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
