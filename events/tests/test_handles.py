"""What is said of each of several things that a lever is pulled on."""

import pytest
from django.db import InterfaceError

from events.aggregate import Refused
from events.handles import outcome_of
from events.models import Event


class TestALever:
    @pytest.mark.parametrize(
        ("error", "outcome", "words"),
        [
            (Refused("Its seats are taken."), "skipped", "Its seats are taken."),
            (InterfaceError("connection already closed"), "failed", "failed: InterfaceError"),
            (KeyError("seat"), "failed", "failed: KeyError"),
        ],
    )
    def test_that_can_not_be_pulled_on_one_does_not_keep_the_others_waiting(self, error, outcome, words):
        def lever(noun, **why):
            raise error

        result = outcome_of(lever, Event(type="ReservationHeld", seq=1), operator="Olga", reason="a test")
        assert (result.outcome, result.words) == (outcome, words)

    def test_says_what_it_did(self):
        noun = Event(type="ReservationHeld", seq=1)
        result = outcome_of(lambda noun, **why: None, noun, did=lambda noun: "Done.")
        assert (result.outcome, result.words, result.id) == ("ok", "Done.", str(noun.pk))
