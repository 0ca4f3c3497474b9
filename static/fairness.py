"""python3 fairness.py SEED FIRST LAST TICKET: the ticket's number in line; the tickets are FIRST + 1 to LAST."""

import hashlib
import sys

seed, (first, last, ticket) = sys.argv[1], map(int, sys.argv[2:])
size, index, side = last - first, ticket - first - 1, 2
if not 0 <= index < size:
    sys.exit(f"Give a ticket from {first + 1} to {last}.")
while side * side < size:
    side *= 2
while True:
    left, right = divmod(index, side)
    for turn in range(8):
        digest = hashlib.sha256(f"{seed}:{turn}:{right}".encode()).digest()
        left, right = right, left ^ int.from_bytes(digest[:4], "big") % side
    index = left * side + right
    if index < size:
        break
print("Fingerprint:", hashlib.sha256(seed.encode()).hexdigest(), "Number:", first + 1 + index)
