"""The shapes of the answers, for the schema; views.py fills them by hand, since these are asked for most of all."""

from rest_framework import serializers

from queueing.models import Room
from queueing.places import Delay, Status

DELAYS = [(each.value, each.name.capitalize()) for each in Delay]


class RoomFront(serializers.Serializer):
    state = serializers.ChoiceField(choices=Room.State.choices)
    serving_number = serializers.IntegerField(help_text="The highest number let in so far.")
    waiting = serializers.IntegerField(help_text="How many wait.")
    pace_per_minute = serializers.IntegerField(help_text="How many were let in during the last minute.")
    opens_at = serializers.DateTimeField(allow_null=True)
    remaining_seats = serializers.IntegerField(allow_null=True, help_text="How many seats are free; null if not known.")
    stock = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text="The same by grade; null if not known."
    )
    sold_out = serializers.BooleanField(help_text="Nothing is free just now; what is held and not paid comes back.")
    line = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="[number, people ahead] of some who wait, in order; for a number between two of them, between these.",
    )
    delay = serializers.ChoiceField(choices=DELAYS, allow_null=True, help_text="Why fewer than usual are let in.")
    announcement = serializers.CharField(help_text="What the operators tell everybody; may be empty.")
    asks_proof = serializers.BooleanField(help_text="Whether a proof of work is asked for before a new place.")


class EtaSeconds(serializers.Serializer):
    low = serializers.IntegerField()
    high = serializers.IntegerField()


class PlaceAnswer(serializers.Serializer):
    token = serializers.CharField(allow_null=True, help_text="For the header Queue-Token; null when none is needed.")
    status = serializers.ChoiceField(choices=[(each.value, each.name.capitalize()) for each in Status])
    number = serializers.IntegerField(allow_null=True, help_text="Null while the room is off, and before the draw.")
    ticket = serializers.IntegerField(allow_null=True, help_text="Your draw ticket, until it has become a number.")
    ahead = serializers.IntegerField(allow_null=True, help_text="How many are let in before you; null before the draw.")
    delay = serializers.ChoiceField(choices=DELAYS, allow_null=True, help_text="Why it takes longer.")
    eta_seconds = EtaSeconds(allow_null=True, help_text="By the measured pace; null while it is not known.")
    poll_after_seconds = serializers.IntegerField(
        allow_null=True, help_text="When to ask again, which also keeps your place; null when there is no need to."
    )
    expires_at = serializers.DateTimeField(allow_null=True, help_text="End of your time to buy; null while you wait.")


class Proof(serializers.Serializer):
    proof = serializers.CharField(
        required=False, help_text="Where the room asks for one and you have no place in it: see the challenge."
    )


class ChallengeAnswer(serializers.Serializer):
    required = serializers.BooleanField(help_text="Whether you need a proof to take a place now.")
    challenge = serializers.JSONField(
        required=False, help_text="ALTCHA, version 2. Its payload, in Base64, is the proof; good for ten minutes."
    )
