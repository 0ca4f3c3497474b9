"""The command that says whether what must always be true is true."""

from concert_site.invariants import violations
from events.relay import relay
from tests.world import Fan


def everybody_acts(world):
    """Alice buys, Dave has no points, Charlie buys and cancels; and all that follows from it has happened."""
    world.bought_by(world.alice, *world.seats[:2])
    dave = Fan.sign_up("Dave")
    refused = world.held_by(dave, world.seats[2])
    assert dave.pay(refused.id, world.concert).status_code == 402
    cancelled = world.bought_by(world.charlie, world.seats[3])
    assert world.charlie.cancel(cancelled.id).status_code == 200
    relay()
    relay(external=True)


class TestAHealthyWorld:
    def test_breaks_no_letter(self, world):
        everybody_acts(world)
        assert violations() == {}
