"""What the person at the terminal sees."""

import contextlib
import os
import sys
import threading

RED, BOLD, DIM = "31", "1", "2"
PREFIX_WIDTH = 9

_one_at_a_time = threading.Lock()
_in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def coloured(text, code):
    return f"\033[{code}m{text}\033[0m" if _in_colour else text


def say(text):
    """A terminal that has gone away (`make run | head`) stops nobody."""
    with _one_at_a_time, contextlib.suppress(OSError):
        print(text, flush=True)


def alarm(text):
    say(coloured(text, RED))


def relay(stream, name, colour, log):
    """Copies every line of a program to the terminal, with its name before it, and to its log file."""
    prefix = coloured(f"{name:<{PREFIX_WIDTH}}|", colour)
    for line in stream:
        log.write(line)
        log.flush()
        say(f"{prefix} {line.decode(errors='replace').rstrip()}")
    log.close()
