"""The one door to whoever takes the fans' money. The embedded sandbox approves at once."""

import enum
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings


class Outcome(enum.Enum):
    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"  # no answer: it may have charged; ask again with the same key


@dataclass(frozen=True, kw_only=True)
class Answer:
    outcome: Outcome
    reference: str = ""


class Gateway(Protocol):
    def charge(self, *, amount: int, idempotency_key: str) -> Answer:
        """Take `amount` KRW, once per key: the same key again gives the same answer. Never raises."""


class SandboxGateway:
    """Takes no money. Its faults come from settings.SANDBOX_GATEWAY_FAULT: "", "decline" or "unknown"."""

    OUTCOMES = {"": Outcome.APPROVED, "decline": Outcome.DECLINED, "unknown": Outcome.UNKNOWN}

    def charge(self, *, amount, idempotency_key):
        outcome = self.OUTCOMES[settings.SANDBOX_GATEWAY_FAULT]
        return Answer(outcome=outcome, reference=f"sandbox-{idempotency_key}" if outcome is Outcome.APPROVED else "")


def gateway() -> Gateway:
    return SandboxGateway()
