"""Proof of work: a fan's device computes for a second or two before it may take a place, where the room asks for it.

What this stops and what not: docs/adr/0015. By ALTCHA's second version: the device looks for the one counter whose
PBKDF2 key begins as the challenge says.
"""

import json
import secrets
from datetime import timedelta

from altcha import Payload, create_challenge, verify_solution
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from api.problems import Forbidden
from queueing import rooms
from queueing.backends import backend
from queueing.models import Room
from queueing.places import Status

ALGORITHM, ROUNDS = "PBKDF2/SHA-256", 2_000  # of one attempt; a challenge costs us as much: half a millisecond
LIFETIME = timedelta(minutes=10)
LONGEST = 4_096  # characters of a proof; ours have about 700
HAS_PLACE = (Status.WAITING, Status.ACTIVE)


class ProofRequired(Forbidden):
    default_code = "proof_required"
    default_detail = _("To join this line, your device has to solve a small task first. That keeps programs out.")


class ProofInvalid(Forbidden):
    default_code = "proof_invalid"
    default_detail = _("The task was not solved, or too long ago. Please try again with a new one.")


def demand(request, *, concert_id, account_id):
    """Raise ProofRequired or ProofInvalid unless the request brings a proof that is right."""
    check(_sent_with(request), concert_id=concert_id, account_id=account_id)


def is_needed(*, concert_id, account_id, token="") -> bool:
    """Whether the room asks, is open to fans, and the fan neither waits nor is in: one question to the backend.

    token: a queue token that the fan still has; what a loss has taken away, it brings back without a proof.
    """
    fan = {"concert_id": concert_id, "account_id": account_id}
    reply = backend().status(**fan)
    if not reply.asks_proof or reply.state not in Room.TICKING or reply.status in HAS_PLACE:
        return False
    earlier = rooms.place(**fan, token=token) if token else None
    return earlier is None or earlier.status not in HAS_PLACE


def challenge(*, concert_id, account_id, now=None) -> dict:
    """A task that only this account can use, in this room alone, for ten minutes.

    `data.attempts` says how many attempts it takes at most; it takes at least half of them. As a process's clock goes:
    nothing but these ten minutes depends on it.
    """
    most = settings.QUEUE_PROOF_COST
    task = create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=most // 2 + secrets.randbelow(most - most // 2),
        data={"attempts": most},
        expires_at=(now or timezone.now()) + LIFETIME,
        hmac_secret=_key(concert_id, account_id, "challenge"),
        hmac_key_secret=_key(concert_id, account_id, "solution"),
    )
    return task.to_dict()


def check(payload, *, concert_id, account_id, now=None):
    """Raise ProofRequired without a payload, ProofInvalid if it is none, is late, or is somebody else's."""
    if not payload:
        raise ProofRequired
    if not isinstance(payload, str) or len(payload) > LONGEST or not _is_ours(payload, concert_id, account_id):
        raise ProofInvalid
    if Payload.from_base64(payload).challenge.parameters.expires_at <= (now or timezone.now()).timestamp():
        raise ProofInvalid


def _sent_with(request):
    """The proof in a form of the page, or in the API's JSON, whether DRF has read it or not; None if there is none."""
    if hasattr(request, "data"):
        sent = request.data
    else:
        sent = _json(request) if request.content_type == "application/json" else request.POST
    return sent.get("proof") if isinstance(sent, dict) else None


def _json(request):
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        return {}


def _is_ours(payload, concert_id, account_id) -> bool:
    """Rightly solved, and a challenge of this room to this account. By signatures, without computing it again."""
    of_challenge = _key(concert_id, account_id, "challenge")
    return verify_solution(payload, of_challenge, hmac_key_secret=_key(concert_id, account_id, "solution")).verified


def _key(concert_id, account_id, purpose) -> bytes:
    """A key of its own for each room and account: nobody else's proof verifies under it."""
    return salted_hmac(f"queueing.proof.{purpose}", f"{concert_id}:{account_id}", algorithm="sha256").digest()
