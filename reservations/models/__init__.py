from reservations.models.venue import SeatingPlan, Venue  # isort: skip
from reservations.models.concert import CancellationTier, Concert
from reservations.models.performance import Performance, Price
from reservations.models.sale import Sale
from reservations.models.seat import Seat

from reservations.models.reservation import Reservation  # isort: skip
from reservations.models.claim import Claim
from reservations.models.sync_attempt import SyncAttempt

__all__ = [
    "CancellationTier",
    "Claim",
    "Concert",
    "Performance",
    "Price",
    "Reservation",
    "Sale",
    "Seat",
    "SeatingPlan",
    "SyncAttempt",
    "Venue",
]
