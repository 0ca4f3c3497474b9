"""A worker whose clock is wrong: the database's is the only one that counts."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from events.models import Delivery
from events.tests.stage import author
from reservations import confirmation, holding
from tests.everything import assert_sound, make_due, settle, unfinished
from tests.faults.stories import Purchase
from tests.processes import died, forked


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.fault("worker's clock 10 minutes wrong", holds="M S D1 D2 E O T Q L")
class TestAWorkerWhoseClockIsWrong:
    def works(self, minutes, *tasks):
        """Runs the tasks in a process of its own; returns when they are done."""

        def by_that_clock():
            with time_machine.travel(now() + timedelta(minutes=minutes)):
                for task in tasks:
                    task()

        assert not died(forked(by_that_clock))

    def test_ends_no_hold_and_no_payment_before_its_time(self, world, settings, minutes):
        settings.PUSH_AFTER_COMMIT = False
        held, paying = (
            world.held_by(fan, seat) for fan, seat in zip([world.alice, world.bob], world.seats, strict=False)
        )
        paying.submit()

        self.works(minutes, holding.expire_holds, confirmation.chase)

        for reservation, status in [(held, "HELD"), (paying, "PAYING")]:
            reservation.refresh_from_db()
            assert (reservation.status, reservation.asked_again_at) == (status, None)
        settle()
        assert_sound()

    def test_takes_nothing_from_others_and_leaves_them_what_is_theirs(self, world, settings, minutes):
        """A lease is as long for him as for others, and so is the pause before he tries again."""
        settings.PUSH_AFTER_COMMIT = False
        story = Purchase(world, world.seats[0])
        story.buy()
        [leased] = Delivery.claim(using=author(), consumers=["payments"])

        self.works(minutes, settle)
        assert story.status == "PAYING"

        make_due()
        self.works(minutes, lambda: Delivery.claim(using=author(), consumers=["payments"]))
        settle()
        assert story.status == "PAYING"

        make_due()
        self.works(-minutes, settle)
        settle()
        assert (story.status, unfinished()) == ("CONFIRMED", [])
        assert Delivery.objects.using(author()).get(pk=leased.pk).attempts == 3
