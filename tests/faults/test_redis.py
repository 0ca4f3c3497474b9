"""A Redis that dies, comes back, and has perhaps forgotten everything, while somebody pays."""

import pytest

from reservations import ranking
from tests.everything import assert_sound, make_due, settle
from tests.faults.stories import Purchase
from tests.world import World


@pytest.fixture
def own_world(transactional_db, own_redis):
    return World.make()


class TestARedisThatDiesWhileSomebodyPays:
    @pytest.mark.fault("Redis killed and restarted", holds="M S D1 D2 E O T Q L")
    def test_delays_what_is_told_to_the_waiting_room_and_the_ranking(self, own_world, own_redis):
        story = self.told_while_away(own_world, own_redis)
        own_redis.start()
        self.assert_all_is_told(own_world, story)

    @pytest.mark.fault("Redis wiped", holds="M S D1 D2 E O T Q L")
    def test_and_forgets_everything_does_so_too(self, own_world, own_redis):
        story = self.told_while_away(own_world, own_redis)
        own_redis.start()
        own_redis.empty()
        self.assert_all_is_told(own_world, story)

    def told_while_away(self, world, server):
        story = Purchase(world, world.seats[0])
        story.charge()
        story.hold()
        server.end()
        answer = story.fan.pay(story.reservation.id, world.concert, key=story.keys["pay"])
        assert (answer.status_code, answer.json()["status"]) == (200, "CONFIRMED")
        settle()
        return story

    def assert_all_is_told(self, world, story):
        make_due()
        settle()
        assert ranking.top(period="all") == [(str(world.concert.id), 1)]
        assert story.status == "CONFIRMED"
        assert_sound()
