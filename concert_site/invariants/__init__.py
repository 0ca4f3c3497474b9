"""What must always be true, as SQL that finds where it is not. docs/requirements.md says why; this is the table.

Works on a running system, with one database or one per domain: each statement asks one database, and what they say
is put together here.
"""

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from concert_site.invariants import effects, logs, money, seats, waiting
from concert_site.invariants.judging import PAUSE, Letter, Verdict, judge
from concert_site.invariants.reading import gently

# At most a hundredth of the time of one core is spent on each; docs/indexes.md has what they cost.
MINUTE, TEN_MINUTES, HOUR, HOURS = (timedelta(minutes=n) for n in (1, 10, 60, 360))

TABLE = [
    Letter(
        letter="M",
        promise=_("Points: balances and house sums add up to zero; each balance is its transfers' sum, none negative."),
        suspects=money.wrong_balances,
        every=HOURS,
    ),
    Letter(
        letter="S",
        promise=_("A seat has at most one live claim, and live claims belong to live reservations, one for each seat."),
        suspects=seats.wrong_claims,
        every=HOUR,
    ),
    Letter(
        letter="D1",
        promise=_("A confirmed reservation has exactly one debit, of its amount, and no refund."),
        suspects=money.confirmed_without_its_debit,
        every=HOUR,
    ),
    Letter(
        letter="D2",
        promise=_("Once its saga is over, a debit is confirmed or refunded as promised: never both, never neither."),
        suspects=money.debits_astray,
        every=HOURS,
    ),
    Letter(
        letter="E",
        promise=_(
            "Every event has, for each consumer, an effect, a pending delivery, an open dead letter or a discard."
        ),
        suspects=effects.lost_events,
        every=TEN_MINUTES,
    ),
    Letter(
        letter="O",
        promise=_("Per consumer and aggregate, effects happen in the order of its events."),
        suspects=effects.effects_out_of_order,
        every=HOURS,
    ),
    Letter(
        letter="X",
        promise=_("The external platform has one object per idempotency key, and each event one key."),
        suspects=effects.doubled_abroad,
        every=TEN_MINUTES,
    ),
    Letter(
        letter="T",
        promise=_("Every status is the end of its log, whose versions have no gaps; every event has its line there."),
        suspects=logs.states_without_a_log,
        every=HOURS,
    ),
    Letter(
        letter="Q",
        promise=_("The waiting room lets in by number and within its limit; nobody buys uninvited; no slot is lost."),
        suspects=waiting.wrong_admissions,
        every=HOUR,
    ),
    Letter(
        letter="A",
        promise=_("Every change by hand has an operator's action with a reason."),
        suspects=logs.unexplained_changes,
        every=TEN_MINUTES,
    ),
    Letter(
        letter="L",
        promise=_("No saga is past its deadline without calling for attention."),
        suspects=seats.forgotten_sagas,
        every=MINUTE,
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
