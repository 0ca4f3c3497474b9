"""Seating plans as plain values: read from a file or generated, not yet seats for sale.

Nothing here knows the database. What a file says is checked whole before anything is returned.
"""

from reservations.seating_plans.csv import read_csv
from reservations.seating_plans.layout import (
    MOST_SEATS,
    Grade,
    Layout,
    PlanSeat,
    SeatingPlanInvalid,
)
from reservations.seating_plans.pretix import read_pretix

__all__ = [
    "MOST_SEATS",
    "Grade",
    "Layout",
    "PlanSeat",
    "SeatingPlanInvalid",
    "read_csv",
    "read_pretix",
]
