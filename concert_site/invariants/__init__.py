"""What must always be true, as SQL that finds where it is not. docs/requirements.md says why; this is the table.

Works on a running system, with one database or one per domain: each statement asks one database, and what they say
is put together here.
"""

from django.utils.translation import gettext_noop as _

from concert_site.invariants import effects, logs, money, seats, waiting
from concert_site.invariants.judging import PAUSE, Letter, Verdict, judge
from concert_site.invariants.reading import gently

TABLE = [
    Letter(
        letter="M",
        promise=_("Points: balances and house sums add up to zero; each balance is its transfers' sum, none negative."),
        suspects=money.wrong_balances,
    ),
    Letter(
        letter="S",
        promise=_("A seat has at most one live claim, and live claims belong to live reservations, one for each seat."),
        suspects=seats.wrong_claims,
    ),
    Letter(
        letter="D1",
        promise=_("A confirmed reservation has exactly one debit, of its amount, and no refund."),
        suspects=money.confirmed_without_its_debit,
    ),
    Letter(
        letter="D2",
        promise=_("Once its saga is over, a debit is confirmed or refunded as promised: never both, never neither."),
        suspects=money.debits_astray,
    ),
    Letter(
        letter="E",
        promise=_(
            "Every event has, for each consumer, an effect, a pending delivery, an open dead letter or a discard."
        ),
        suspects=effects.lost_events,
    ),
    Letter(
        letter="O",
        promise=_("Per consumer and aggregate, effects happen in the order of its events."),
        suspects=effects.effects_out_of_order,
    ),
    Letter(
        letter="X",
        promise=_("The external platform has one object per idempotency key, and each event one key."),
        suspects=effects.doubled_abroad,
    ),
    Letter(
        letter="T",
        promise=_("Every status is the end of its log, whose versions have no gaps; every event has its line there."),
        suspects=logs.states_without_a_log,
    ),
    Letter(
        letter="Q",
        promise=_("The waiting room lets in by number and within its limit; nobody buys uninvited; no slot is lost."),
        suspects=waiting.wrong_admissions,
    ),
    Letter(
        letter="A",
        promise=_("Every change by hand has an operator's action with a reason."),
        suspects=logs.unexplained_changes,
    ),
    Letter(
        letter="L",
        promise=_("No saga is past its deadline without calling for attention."),
        suspects=seats.forgotten_sagas,
    ),
]
LETTERS = {each.letter: each for each in TABLE}

__all__ = ["LETTERS", "PAUSE", "Letter", "Verdict", "gently", "judge", "violations"]


def violations(letters=None, *, pause=PAUSE) -> dict[str, list]:
    """{letter: what is wrong} of the letters that are broken: {} when all is well. For tests.

    pause: seconds between the two reads of a suspect; 0 where nothing else is running.
    """
    verdicts = [judge(LETTERS[letter], pause=pause) for letter in letters or LETTERS]
    return {verdict.letter.letter: verdict.violations for verdict in verdicts if verdict.violations}
