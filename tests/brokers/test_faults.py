"""What can happen to a broker, and on the way to it, while somebody pays."""

import socket

import pytest

from events.forwarding import hang_up
from events.models import Destination, InboxMessage
from tests.brokers.line import Line
from tests.brokers.till import SHOP, TILL, payment_of, status, to_the_till
from tests.everything import make_due
from tests.faults.points import dies_before, hit
from tests.faults.storm import replay


def go_on(till, shop):
    """Until nothing is on its way any more."""
    make_due()
    while shop.forward() + till.receive(seconds=0.1) + till.relay() + till.forward() + shop.receive(seconds=0.1):
        shop.relay()


def debits():
    return InboxMessage.objects.using(TILL).filter(consumer="payments").count()


class TestABrokerThatIsDown:
    @pytest.mark.fault("broker down for two hours", holds="M S D1 E O T")
    def test_for_two_hours_of_probes_costs_no_attempt_and_no_message(self, paying, till, shop, redis_broker):
        redis_broker.end()
        hang_up()
        for _minute in range(120):
            make_due()
            shop.forward()
        assert (to_the_till().state, to_the_till().attempts) == ("ready", 0)
        assert Destination.objects.using(SHOP).get(pk="broker:payments").away_since

        redis_broker.start()
        go_on(till, shop)
        assert (status(paying), debits()) == ("CONFIRMED", 1)

    @pytest.mark.fault("broker down for a minute", "broker down for two hours", holds="M S D1 E O T")
    def test_is_not_waited_for_by_any_request(self, paying, world, shop, settings):
        """Nobody even knocks at its door."""
        with socket.create_server(("127.0.0.1", 0)) as door, shop:
            settings.BROKER_URL = f"redis://127.0.0.1:{door.getsockname()[1]}/0"
            settings.PUSH_AFTER_COMMIT = True
            held = world.held_by(world.bob, world.seats[1])
            assert world.bob.pay(held.id, world.concert).status_code == 202
            door.setblocking(False)
            with pytest.raises(BlockingIOError):
                door.accept()


class TestPublishing:
    @pytest.mark.fault("publish timed out but applied", holds="M S D1 E O T")
    def test_whose_answer_is_lost_is_repeated_to_no_effect(self, paying, till, shop, settings):
        there, line = settings.BROKER_URL, Line(settings.BROKER_URL)
        settings.BROKER_URL = line.url
        line.loses_answers = True
        shop.forward()
        assert (to_the_till().state, to_the_till().attempts) == ("ready", 0)
        line.close()

        settings.BROKER_URL = there
        assert till.receive() == 1  # it was applied
        go_on(till, shop)
        assert (status(paying), debits()) == ("CONFIRMED", 1)

    @pytest.mark.fault("relay killed after publishing", holds="M S D1 E O T")
    def test_by_a_relay_that_dies_before_it_could_say_so_is_repeated_to_no_effect(self, paying, till, shop):
        assert hit(shop.forward, at=3, blow=dies_before)  # a claim in each database before this one's end
        assert to_the_till().state == "leased"
        assert till.receive() == 1
        go_on(till, shop)
        assert (status(paying), debits()) == ("CONFIRMED", 1)

    @pytest.mark.fault("unroutable", holds="M S D1 E O T")
    def test_to_a_topic_that_nobody_reads_waits_and_costs_no_attempt(self, paying, till, shop, redis_broker):
        redis_broker.empty()
        for _time in range(12):
            make_due()
            shop.forward()
        assert (to_the_till().state, to_the_till().attempts) == ("ready", 0)
        assert "Unroutable" in Destination.objects.using(SHOP).get(pk="broker:payments").last_error

        till.declare(), shop.declare()
        go_on(till, shop)
        assert (status(paying), payment_of(paying).status) == ("CONFIRMED", "CAPTURED")


class TestAWipedBroker:
    @pytest.mark.fault("broker wiped", holds="M S D1 D2 E O T L")
    def test_that_had_the_answer_is_asked_again_in_vain_and_told_it_from_the_ledger(
        self, paying, till, shop, redis_broker
    ):
        shop.forward()
        till.receive()
        till.relay()
        till.forward()
        redis_broker.wipe()
        hang_up()
        till.declare(), shop.declare()

        paying.refresh_from_db()
        paying.ask_again(now=paying.pay_deadline)
        go_on(till, shop)
        assert status(paying) == "PAYING"  # the second answer waits for the first

        with till:
            replay(to=SHOP)
        go_on(till, shop)
        assert status(paying) == "CONFIRMED"
