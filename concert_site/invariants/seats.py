"""S, L: whose the seats are, and whether anybody is forgotten."""

from django.conf import settings
from django.utils.translation import gettext_noop as _

from concert_site.invariants.reading import suspects
from events.bus import home

# --- S -----------------------------------------------------------------------------------------------------------

SOLD_TWICE = "SELECT seat_id FROM reservations_claim WHERE ended_at IS NULL GROUP BY seat_id HAVING count(*) > 1"

CLAIM_OF_THE_PAST = """
SELECT c.id, r.version FROM reservations_claim c JOIN reservations_reservation r ON r.id = c.reservation_id
 WHERE c.ended_at IS NULL AND r.status NOT IN ('HELD', 'PAYING', 'CONFIRMED')
"""

SEATS_MISSING = """
SELECT r.id, r.version FROM reservations_reservation r
 WHERE r.status IN ('HELD', 'PAYING', 'CONFIRMED')
   AND jsonb_array_length(r.facts -> 'seats') <>
       (SELECT count(*) FROM reservations_claim c WHERE c.reservation_id = r.id AND c.ended_at IS NULL)
"""

CLAIM_ELSEWHERE = """
SELECT c.id FROM reservations_claim c
  JOIN reservations_seat s ON s.id = c.seat_id JOIN reservations_reservation r ON r.id = c.reservation_id
 WHERE c.ended_at IS NULL AND (s.performance_id <> c.performance_id OR r.performance_id <> c.performance_id)
"""


def wrong_claims():
    using = home("reservations")
    yield from suspects(using, "seat", _("more than one live claim"), SOLD_TWICE)
    yield from suspects(using, "claim", _("live, but its reservation is over"), CLAIM_OF_THE_PAST)
    yield from suspects(using, "reservation", _("live, but not with one live claim per seat"), SEATS_MISSING)
    yield from suspects(using, "claim", _("of another performance than its seat or reservation"), CLAIM_ELSEWHERE)


# --- L -----------------------------------------------------------------------------------------------------------

FORGOTTEN = """
SELECT id, version FROM reservations_reservation
 WHERE attention = '' AND resolved = ''
   AND (status = 'PAYING' AND pay_deadline < clock_timestamp() - interval '60 s'
        OR refund_deadline < clock_timestamp() - interval '60 s'
        OR answer_deadline < clock_timestamp() - interval '60 s')
"""
UNANSWERED = """
SELECT id, version FROM payments_charge
 WHERE status = 'PENDING' AND attention = '' AND created_at < clock_timestamp() - make_interval(secs => %s)
"""


def forgotten_sagas():
    fault = _("more than 60 s past its deadline, and nobody was told")
    yield from suspects(home("reservations"), "reservation", fault, FORGOTTEN)
    yield from suspects(home("payments"), "charge", fault, UNANSWERED, settings.CHARGE_DEADLINE_SECONDS + 60)
