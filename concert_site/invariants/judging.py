"""A suspect is believed only when it is seen twice, unchanged and quiet: no snapshot spans the databases."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from concert_site.invariants.reading import Unchecked

PAUSE, PATIENCE = 1, 10  # seconds between two reads; for a saga that keeps moving
MOST = 100_000  # suspects of a letter: whoever has more has enough


@dataclass(frozen=True, kw_only=True)
class Letter:
    letter: str
    promise: str
    suspects: Callable
    every: timedelta  # between two looks of the timetable


@dataclass(kw_only=True)
class Verdict:
    """violations: suspects seen twice. moving: suspects whose saga never got quiet. unchecked: why, in sentences."""

    letter: Letter
    violations: list = field(default_factory=list)
    moving: list = field(default_factory=list)
    unchecked: list = field(default_factory=list)


def judge(letter, *, pause=PAUSE, patience=PATIENCE) -> Verdict:
    """Read the letter's suspects again until each is cleared or believed, or patience is over."""
    verdict = Verdict(letter=letter)
    moving = _read(letter, verdict)
    stop_at = time.monotonic() + patience
    while moving and time.monotonic() < stop_at:
        time.sleep(pause)
        again = _read(letter, verdict)
        pairs = [(before, again[name]) for name, before in moving.items() if name in again]
        verdict.violations += [now for before, now in pairs if _is_believed(before, now)]
        moving = {_name(now): now for before, now in pairs if not _is_believed(before, now)}
    verdict.moving = list(moving.values())
    return verdict


def _read(letter, verdict):
    found = list(islice(letter.suspects(), MOST))
    verdict.unchecked = [each.why for each in found if isinstance(each, Unchecked)]
    return {_name(each): each for each in found if not isinstance(each, Unchecked)}


def _name(suspect):
    return suspect.key, suspect.fault


def _is_believed(before, now):
    return before == now and now.quiet
