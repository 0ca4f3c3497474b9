"""Who does it and why: what all commands ask that change something by hand."""

import getpass

from django.core.management.base import CommandError


def add_why(parser, *, required=True):
    parser.add_argument("--reason", required=required, default="")
    parser.add_argument("--as", dest="operator", help="your name; else the system's name for you")
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")


def why_of(*, reason, operator, **options) -> dict:
    """As the models' verbs take it. Raises CommandError."""
    if not reason.strip():
        raise CommandError("Say why, with --reason.")
    return {"operator": operator or getpass.getuser(), "reason": reason}
