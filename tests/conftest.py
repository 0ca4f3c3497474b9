"""What operators have to deal with."""

import os
from uuid import uuid4

import pytest

from events.models import Delivery, Event
from events.relay import relay
from tests.operators import RESERVATIONS, Operator

# Five deployments have databases of their own, so that one of the two runs of `make test` is enough.
collect_ignore = [] if os.environ.get("DATABASE_PER_DOMAIN") == "1" else ["test_split.py"]


@pytest.fixture
def boss(world):
    return Operator.superuser()


@pytest.fixture
def bought(world, settings):
    """Alice's reservation, told to all; the data platform can't be reached."""
    settings.DATA_PLATFORM_URL = "http://127.0.0.1:9/"
    reservation = world.bought_by(world.alice)
    relay()
    relay(external=True)
    reservation.refresh_from_db()
    return reservation


@pytest.fixture
def dead(bought):
    """A delivery that can never take effect, about a reservation that there is not; and one waits behind it."""
    first, second = (captured_of_nobody(like=bought, seq=seq) for seq in (101, 102))
    Delivery.objects.using(RESERVATIONS).filter(pk=first.pk).update(attempts=9)
    relay()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("dead", "parked")
    return first


def captured_of_nobody(*, like, seq):
    data = {"reservation_id": str(uuid4()), "user_id": str(like.user_id), "amount": 1}
    event = Event.objects.using(RESERVATIONS).create(
        aggregate_type="payments.Payment", aggregate_id=like.pk, seq=seq, type="PointsCaptured", data=data,
        correlation_id=like.pk, actor="system", traceparent="",
    )  # fmt: skip
    Delivery.address(event, consumers=["confirmation"], using=RESERVATIONS)
    return event.deliveries.using(RESERVATIONS).get()
