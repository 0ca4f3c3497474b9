"""Whose fault was it? An outage is the destination's: it tells nothing of the message and spends no attempt."""

import smtplib
import socket

import redis
from django.db import InterfaceError, OperationalError

AWAY = (ConnectionError, TimeoutError, socket.gaierror, InterfaceError, redis.ConnectionError, redis.TimeoutError)
AWAY += (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError)

# SQLSTATE classes: connection, insufficient resources, an administrator's or a crash's end, disk, a standby's refusal;
# a transaction that was ended because its process had been frozen.
# Not among them: deadlocks, lock and statement timeouts. Those may well be the message's own doing.
DATABASE_AWAY = ("08", "53", "57P", "58", "25006", "25P03")


def is_outage(error) -> bool:
    """Whether the destination is away, as the error or its cause tells; its `outage`, if it has one, decides."""
    while error is not None:
        if hasattr(error, "outage"):
            return error.outage
        if isinstance(error, OperationalError):
            return _database_is_away(error)
        if isinstance(error, AWAY):
            return True
        error = error.__cause__
    return False


def _database_is_away(error):
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(DATABASE_AWAY)
