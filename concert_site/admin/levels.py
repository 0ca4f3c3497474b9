"""How well something is, as the console's colours and signs tell it."""

GOOD, WATCH, BAD = "good", "watch", "bad"
