"""Who acts, in which trace, because of which event: what every transition and event is stamped with.

The web's middleware, each task, each command and the relay open a context; models read it and never set it.
"""

import re
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from uuid import UUID

from structlog.contextvars import bind_contextvars, reset_contextvars

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_traceparent() -> str:
    """A W3C trace context header value that starts a new trace."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@dataclass(frozen=True, kw_only=True)
class Context:
    actor: str = "system"  # fan:<id>, operator:<name>, consumer:<name>, system
    traceparent: str = field(default_factory=new_traceparent)
    causation_id: UUID | None = None  # the event that this is the effect of

    @property
    def trace_id(self) -> str:
        return self.traceparent.split("-")[1]


_current: ContextVar[Context | None] = ContextVar("context", default=None)


def current() -> Context:
    return _current.get() or Context()


@contextmanager
def acting(*, correlation_id=None, **changes):
    """Act as somebody, in a trace, because of an event: `with acting(actor="fan:7"):`.

    An unusable traceparent (a client may send anything) starts a new trace. correlation_id: for the log's lines only.
    """
    if not TRACEPARENT.fullmatch(changes.get("traceparent") or ""):
        changes.pop("traceparent", None)
    before = _current.get()
    context = replace(before, **changes) if before else Context(**changes)
    story = {"correlation_id": str(correlation_id)} if correlation_id else {}
    token, bound = _current.set(context), bind_contextvars(trace_id=context.trace_id, **story)
    try:
        yield context
    finally:
        reset_contextvars(**bound)
        _current.reset(token)


def become(actor: str):
    """Say who acts, once that is known, for the rest of the enclosing `acting` block."""
    _current.set(replace(current(), actor=actor))
