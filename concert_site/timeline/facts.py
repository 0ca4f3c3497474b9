"""What each domain did: its transitions, its ledger's entries, what it told outside; and what operators did by hand."""

from collections import Counter

from django.utils.translation import gettext as _

from accounts.models import Notification
from concert_site.timeline.entry import GOOD, HAND, MONEY, TROUBLE, WATCH, Entry
from concert_site.timeline.words import ACTIONS, MESSAGES, TRANSFERS, in_words
from events.admin.windows import address_of
from events.models import OperatorAction, Transition
from payments.models import Transfer
from queueing.models import Admission
from reservations.models import SyncAttempt
from settlement.models import Line

NOT_AS_HOPED = {"ReservationFailed", "ReservationExpired", "PointsDeclined", "RefundRequested"}


def entries(story):
    for part in (_admissions, _transitions, _transfers, _sync_attempts, _lines, _notifications, _by_hand):
        yield from part(story)


def _admissions(story):
    for row in story.rows[Admission]:
        yield Entry(
            at=row.at,
            domain="queueing",
            kind=_("admission"),
            what=_("Let in from the waiting room, number %(number)d") % {"number": row.number},
            who=row.by,
            address=address_of("queueing.Admission", row.pk),
        )


def _transitions(story):
    """Each with the message that was published with it."""
    published = {(event.aggregate_type, event.aggregate_id, event.seq): event for event in story.events.values()}
    for row in story.rows[Transition]:
        event = published.get((row.aggregate_type, row.aggregate_id, row.version))
        yield Entry(
            at=row.at,
            domain=app_of(row.aggregate_type),
            kind=_("event") if event else _("transition"),
            what=_happened(row, event),
            name=f"{row.aggregate_type.split('.')[-1]} {row}" + (f", {event.type}" if event else ""),
            who=story.who(row.actor),
            level=_level(row, event, story),
            details=row.cause,
            trace_id=trace_of(event) if event else "",
            address=address(event or row),
        )


def _happened(transition, event):
    if event is None:
        return transition.cause[:1].upper() + transition.cause[1:]
    again = transition.from_status == transition.to_status and event.type != "RefundRequested"
    words = in_words(MESSAGES, event.type)
    return _("Said again: “%(what)s”") % {"what": words} if again else words


def _level(transition, event, story):
    if event is None:
        called = story.reservation is not None and transition.cause == story.reservation.attention
        return TROUBLE if called else GOOD
    return WATCH if event.type in NOT_AS_HOPED else GOOD


def _transfers(story):
    for row in story.rows[Transfer]:
        left = _("Left to the fan: %(n)s P") % {"n": f"{row.balance_after or 0:,}"}
        yield Entry(
            at=row.at,
            domain="payments",
            kind=_("ledger"),
            mark=MONEY,
            what=in_words(TRANSFERS, row.kind) % {"amount": f"{row.amount:,}"},
            name=f"{row.get_kind_display()}: {row.amount:,} P, {row.source} → {row.target}",
            details="" if row.balance_after is None else left,
            address=address_of("payments.Transfer", row.pk),
        )


def _sync_attempts(story):
    counts = Counter()
    for row in sorted(story.rows[SyncAttempt], key=lambda row: row.at):
        counts[row.event_id, row.method] += 1
        told = {"what": message_in_words(story, row.event_id), "n": counts[row.event_id, row.method]}
        took = "–" if row.duration_ms is None else f"{row.duration_ms} ms"
        yield Entry(
            at=row.at,
            domain="platform",
            source="reservations",
            kind=_("call"),
            what=(_sync_in_words(row) + (_(", attempt %(n)d") if told["n"] > 1 else "")) % told,
            name=f"{row.method}: HTTP {row.http_status or '–'}, {row.get_outcome_display()}, {took}",
            level={SyncAttempt.Outcome.SUCCESS: GOOD, SyncAttempt.Outcome.ABSENT: ""}.get(row.outcome, TROUBLE),
            details=row.error,
            trace_id=trace_of(story.events.get(row.event_id)),
            address=address_of("reservations.SyncAttempt", row.pk),
        )


def _sync_in_words(attempt):
    if attempt.method == "GET":
        return _("Asked the data platform whether it has “%(what)s”")
    if attempt.outcome == SyncAttempt.Outcome.SUCCESS:
        return _("Told the data platform: “%(what)s”")
    return _("The data platform did not take “%(what)s”")


def _lines(story):
    done = {each.event_id: each.done_at for each in story.deliveries if each.consumer == "settlement" and each.done_at}
    for row in story.rows[Line]:
        yield Entry(
            at=done.get(row.event_id, row.occurred_at),
            domain="settlement",
            source=source_of(story, row.event_id),
            kind=_("settlement"),
            what=_("Noted for the promoter: %(kind)s") % {"kind": row.get_kind_display()} + f", {row.amount:,} P",
            name=f"{row.get_kind_display()}: {row.amount:,} P",
            trace_id=trace_of(story.events.get(row.event_id)),
            address=address_of("settlement.Line", row.pk),
        )


def _notifications(story):
    for row in story.rows[Notification]:
        yield Entry(
            at=row.created_at,
            domain="accounts",
            source=source_of(story, row.event_id),
            kind=_("notification"),
            what=_("Told the fan: “%(what)s”") % {"what": row.get_kind_display()},
            name=row.kind,
            details="" if row.read_at is None else _("read at %(at)s") % {"at": row.read_at},
            trace_id=trace_of(story.events.get(row.event_id)),
            address=address_of("accounts.Notification", row.pk),
        )


def _by_hand(story):
    homes = {str(delivery.pk): app_of(delivery.aggregate_type) for delivery in story.deliveries}
    for row in story.rows[OperatorAction]:
        told = {"action": in_words(ACTIONS, row.action), "who": row.operator, "reason": row.reason}
        yield Entry(
            at=row.at,
            domain=homes.get(row.target_id, "reservations"),
            kind=_("by hand"),
            mark=HAND,
            what=_("%(action)s by %(who)s: “%(reason)s”") % told,
            name=row.action,
            who=row.operator,
            details=_("before %(before)s, after %(after)s") % {"before": row.before, "after": row.after},
            address=address(row),
        )


# What deliveries need as well


def app_of(label) -> str:
    return label.split(".")[0]


def address(row) -> str:
    """Of a row of `events`, which may be in any database."""
    return address_of(row._meta.label, row.pk, domain=row._state.db)


def trace_of(event) -> str:
    return event.trace_id if event else ""


def message_in_words(story, event_id) -> str:
    event = story.events.get(event_id)
    return in_words(MESSAGES, event.type) if event else "?"


def source_of(story, event_id) -> str:
    """The domain that published it; "" when it is forgotten."""
    event = story.events.get(event_id)
    return app_of(event.aggregate_type) if event else ""
