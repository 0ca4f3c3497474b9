import json
import threading
import time
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError

from concert_site.invariants import LETTERS, judge


class Command(BaseCommand):
    help = "Checks, also while the service runs, what must always be true. Exits 1 when it is not."

    def add_arguments(self, parser):
        parser.add_argument("letters", nargs="*", metavar="LETTER", help=f"of {', '.join(LETTERS)}; else all")
        parser.add_argument("--json", action="store_true", dest="as_json", help="for programs")
        parser.add_argument("--example", type=int, default=5, metavar="N", help="how many of each to show")

    def handle(self, *, letters, as_json, example, **options):
        if unknown := [letter for letter in letters if letter not in LETTERS]:
            raise CommandError(f"There is no {', '.join(unknown)}; there are {', '.join(LETTERS)}.")
        verdicts = []
        for letter in letters or LETTERS:
            with patience(self.stderr, letter):
                verdicts.append(judge(LETTERS[letter]))
            if not as_json:
                self.stdout.write(self._told(verdicts[-1], example))
        if as_json:
            self.stdout.write(json.dumps({each.letter.letter: as_data(each, example) for each in verdicts}, indent=2))
        if broken := [verdict.letter.letter for verdict in verdicts if verdict.violations]:
            raise CommandError(f"Broken: {', '.join(broken)}.")

    def _told(self, verdict, example):
        count = len(verdict.violations)
        mark = self.style.ERROR(f"{count:,} wrong") if count else self.style.SUCCESS("ok")
        lines = [f"{verdict.letter.letter:<3} {mark}  {verdict.letter.promise}"]
        lines += [f"      {in_words(suspect)}" for suspect in verdict.violations[:example]]
        lines += [f"      and {count - example:,} more"] if count > example else []
        if verdict.moving:
            told = "; ".join(map(in_words, verdict.moving[:example]))
            lines.append(f"      {len(verdict.moving):,} moving, not counted: {told}")
        return "\n".join(lines + [f"      {why}" for why in verdict.unchecked])


def as_data(verdict, example):
    return {
        "promise": verdict.letter.promise,
        "violations": len(verdict.violations),
        "examples": [in_words(suspect) for suspect in verdict.violations[:example]],
        "moving": len(verdict.moving),
        "unchecked": verdict.unchecked,
    }


def in_words(suspect):
    seen = " (version {})".format(", ".join(map(str, suspect.versions))) if suspect.versions else ""
    return f"{suspect.key}: {suspect.fault}{seen}"


@contextmanager
def patience(stream, letter):
    """On a terminal, says how long the letter has been looked at, every second after the first."""
    over = threading.Event()

    def tell(since):
        while not over.wait(1):
            stream.write(f"{letter:<3} {time.monotonic() - since:.0f} s …", ending="\r")

    teller = threading.Thread(target=tell, args=[time.monotonic()], daemon=True)
    if stream.isatty():
        teller.start()
    try:
        yield
    finally:
        over.set()
