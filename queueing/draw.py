"""The draw of those who come before the opening: a number in line for each draw ticket, by a secret seed. Pure.

The algorithm is published (docs/fairness.md) and every number must stay what it was: never change it.
"""

import hashlib
import re
import secrets
from functools import lru_cache

ROUNDS = 8
SEED = re.compile("[0-9a-f]{64}")
KEPT = 2**16  # results of the round function; all that a draw among sixteen million needs twice over


def new_seed() -> str:
    """64 hex digits that nobody can guess. Keep it secret until everybody who takes part has his ticket."""
    return secrets.token_hex(32)


def commitment(seed) -> str:
    """What may be published before the draw: it tells nothing of the seed, and no other seed has it."""
    return hashlib.sha256(seed.encode()).hexdigest()


def number_of(ticket, *, seed, first, last) -> int:
    """The number in line of a ticket from first + 1 to last; no two tickets have the same. Raises ValueError."""
    index, size, bits = _checked(ticket, "Ticket", seed, first, last)
    while True:  # cycle-walking: four tries on average at most
        index = _shuffle(index, seed, bits)
        if index < size:
            return first + 1 + index


def ticket_of(number, *, seed, first, last) -> int:
    """The ticket that has drawn this number: `number_of` backwards. Raises ValueError."""
    index, size, bits = _checked(number, "Number", seed, first, last)
    while True:
        index = _unshuffle(index, seed, bits)
        if index < size:
            return first + 1 + index


def _checked(one, kind, seed, first, last):
    """(index, size, bits of each half) if that is a draw and this one takes part in it."""
    if not SEED.fullmatch(seed):
        raise ValueError("The seed has to be 64 digits of 0-9 and a-f (small letters), exactly as it was published.")
    if not 0 <= first < last:
        raise ValueError(f"Nobody takes part in a draw of the tickets {first + 1} to {last}; check first and last.")
    if not first < one <= last:
        raise ValueError(f"{kind} {one} is not in this draw; give one from {first + 1} to {last}.")
    size = last - first
    return one - first - 1, size, max(1, ((size - 1).bit_length() + 1) // 2)


def _shuffle(index, seed, bits):
    left, right = index >> bits, index & (1 << bits) - 1
    for each in range(ROUNDS):
        left, right = right, left ^ _round(seed, each, right, bits)
    return left << bits | right


def _unshuffle(index, seed, bits):
    left, right = index >> bits, index & (1 << bits) - 1
    for each in reversed(range(ROUNDS)):
        left, right = right ^ _round(seed, each, left, bits), left
    return left << bits | right


@lru_cache(maxsize=KEPT)
def _round(seed, each, value, bits):
    digest = hashlib.sha256(f"{seed}:{each}:{value}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (1 << bits)
