"""M, D1, D2: where the points are."""

from django.utils.translation import gettext_noop as _

from concert_site.invariants.reading import Suspect, chunks, rows, suspects
from events.bus import databases, home
from events.models import Delivery
from reservations.models import Reservation

Status = Reservation.Status

# --- M -----------------------------------------------------------------------------------------------------------

TRIAL_BALANCE = """
SELECT 'is not zero' FROM (
    SELECT (SELECT coalesce(sum(balance), 0) FROM payments_pointaccount)
         + (SELECT coalesce(sum(amount), 0) FROM payments_transfer WHERE target LIKE 'house:%%')
         - (SELECT coalesce(sum(amount), 0) FROM payments_transfer WHERE source LIKE 'house:%%') AS total
) AS trial WHERE total <> 0
"""

WITH_ENTRIES = """
WITH entries AS (
    SELECT source AS code, -amount AS signed, balance_after FROM payments_transfer WHERE source NOT LIKE 'house:%%'
    UNION ALL
    SELECT target, amount, balance_after FROM payments_transfer WHERE target NOT LIKE 'house:%%'
), accounts AS (SELECT 'fan:' || id AS code, balance FROM payments_pointaccount)
"""

BALANCE_IS_NOT_ITS_ENTRIES = """
SELECT code FROM accounts FULL JOIN (SELECT code, sum(signed) AS sum FROM entries GROUP BY code) AS sums USING (code)
 WHERE balance IS NULL OR balance <> coalesce(sum, 0)
"""

NEGATIVE = "SELECT id FROM payments_pointaccount WHERE balance < 0"

# Each transfer starts at the balance that another one left, the first at 0; the last leaves the stored balance. Without
# asking which came last: neither ids (made by the workers' clocks) nor `at` (when a transaction began) know that.
CHAIN_IS_BROKEN = """
SELECT DISTINCT code FROM (
    SELECT code, balance_after AS value, 1 AS n FROM entries
    UNION ALL SELECT code, balance_after - signed, -1 FROM entries
    UNION ALL SELECT code, 0, 1 FROM accounts
    UNION ALL SELECT code, balance, -1 FROM accounts
) AS steps GROUP BY code, value HAVING sum(n) <> 0
"""


def wrong_balances():
    for noun, fault, sql in [
        ("the trial balance", _("stored balances plus house sums"), TRIAL_BALANCE),
        ("account", _("its balance is not the sum of its transfers"), WITH_ENTRIES + BALANCE_IS_NOT_ITS_ENTRIES),
        ("account", _("its balance is negative"), NEGATIVE),
        ("account", _("the balances after its transfers do not lead to its balance"), WITH_ENTRIES + CHAIN_IS_BROKEN),
    ]:
        yield from suspects(home("payments"), noun, fault, sql)


# --- D1 ----------------------------------------------------------------------------------------------------------

CONFIRMED = "SELECT id, amount, version FROM reservations_reservation WHERE status = 'CONFIRMED' ORDER BY id"

# The points of those reservations, as payments has them: the payment, and its transfers.
POINTS = """
SELECT r.id, p.status, p.amount, p.version, t.debits, t.debit, t.refund, t.fee
  FROM unnest(%s::uuid[]) AS r (id)
  LEFT JOIN payments_payment p ON p.reservation_id = r.id
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE kind = 'debit') AS debits,
              coalesce(sum(amount) FILTER (WHERE kind = 'debit'), 0) AS debit,
              coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refund,
              coalesce(sum(amount) FILTER (WHERE kind = 'fee'), 0) AS fee
         FROM payments_transfer WHERE key = r.id AND kind IN ('debit', 'refund', 'fee')) AS t ON true
"""


def confirmed_without_its_debit():
    for chunk in chunks(rows(home("reservations"), CONFIRMED)):
        amounts = {id: (amount, version) for id, amount, version in chunk}
        for id, status, paid, payment_version, debits, debit, refund, fee in _points(amounts):
            amount, version = amounts[id]
            if (status, paid, debits, debit, refund, fee) != ("CAPTURED", amount, 1, amount, 0, 0):
                fault = _("CONFIRMED, but not with exactly one captured debit of its amount")
                yield Suspect(f"reservation {id}", fault, (version, payment_version))


def _points(ids):
    return rows(home("payments"), POINTS, list(ids))


# --- D2 ----------------------------------------------------------------------------------------------------------

MOVED = "SELECT DISTINCT key FROM payments_transfer WHERE kind IN ('debit', 'refund', 'fee')"
CANCELLED = "SELECT id FROM reservations_reservation WHERE status = 'CANCELLED'"
STORIES = """
SELECT id, version, status, refund_deadline IS NOT NULL, refund, fee FROM reservations_reservation WHERE id = ANY(%s)
"""
UNFINISHED = """
SELECT correlation_id, bool_or(state IN ('parked', 'shelved', 'dead')) FROM events_delivery
 WHERE correlation_id = ANY(%s) AND state = ANY(%s) GROUP BY correlation_id
"""


def debits_astray():
    """Payments is read first: whoever was debited then has a reservation."""
    for moved in chunks(rows(home("payments"), MOVED)):
        yield from _astray([key for (key,) in moved])
    for cancelled in chunks(rows(home("reservations"), CANCELLED)):
        yield from _astray([id for (id,) in cancelled])


def _astray(ids):
    points = {id: found for id, *found in _points(ids)}
    stories = {id: story for id, *story in rows(home("reservations"), STORIES, ids)}
    wrong = {id: fault for id in ids if (fault := _fault(stories.get(id), *points[id][-3:]))}
    held_up = _unfinished(list(wrong))
    for id, fault in wrong.items():
        if not held_up.get(id):  # a dead letter: its saga is not over until an operator has decided
            versions = (stories.get(id, [None])[0], points[id][2])
            yield Suspect(f"reservation {id}", fault, versions, quiet=id not in held_up)


def _fault(story, debit, refund, fee):
    """What is wrong with the points of that reservation now that its saga is over, if it is."""
    if story is None:
        return _("points moved without a reservation")
    _version, status, awaits_refund, promised_refund, promised_fee = story
    if status == Status.PAYING or awaits_refund:
        return ""
    if status == Status.CONFIRMED:
        return "" if (refund, fee) == (0, 0) and debit else "CONFIRMED, but not debited, or refunded as well"
    if status == Status.CANCELLED:
        agreed = (refund, fee) == (promised_refund, promised_fee) and refund + fee == debit
        return "" if agreed else "CANCELLED, but refund and fee are not what it says"
    if status == Status.FAILED:
        return "" if (refund, fee) == (debit, 0) else "FAILED, but not all came back"
    return f"debited, although it is {status}"


def _unfinished(ids):
    """{correlation id: whether an operator must decide} of those that somebody is still at work on."""
    found = {}
    for using in databases() if ids else []:
        for id, held_up in rows(using, UNFINISHED, ids, list(Delivery.UNFINISHED)):
            found[id] = found.get(id, False) or held_up
    return found
