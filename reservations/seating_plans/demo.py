"""Three rooms to try things out in: a club, a hall and an arena. The same at every call."""

from reservations.seating_plans.demo_arena import arena
from reservations.seating_plans.demo_rooms import club, hall

__all__ = ["arena", "club", "hall"]
