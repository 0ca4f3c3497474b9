"""Everything that happened to one reservation, in every domain, as one list ordered by time: plain data.

The clocks are those of the databases; where domains have their own, moments of two domains may be milliseconds off.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Notification
from concert_site.routers import Elsewhere
from events.admin.domains import domains
from events.admin.windows import address_of
from events.consumers import consumers
from events.homes import home
from events.models import Delivery, Event, OperatorAction, Transition
from payments.models import Payment, Transfer
from queueing.models import Admission
from reservations.models import SyncAttempt
from settlement.models import Line

TROUBLE, OPEN = "trouble", "open"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened. level: "", "open" (not over yet) or "trouble"; details: what is folded away."""

    at: datetime
    domain: str
    kind: str
    what: str
    who: str = ""
    level: str = ""
    details: str = ""
    address: str = ""


def timeline_of(reservation) -> list[Entry]:
    """Oldest first; of the same moment, what was written first."""
    of_domains = [_admissions, _payments, _transfers, _settlement, _sync_attempts]
    entries = [entry for part in of_domains for entry in _reached(part, reservation)]
    return _in_order(entries + story_of(reservation.pk, fan=f"fan:{reservation.user_id}"))


def story_of(correlation_id, *, fan=None) -> list[Entry]:
    """What `events` knows of anything that is told under that id, a charge for example. Oldest first."""
    story = _Story(correlation_id, fan)
    parts = [story.transitions, story.events, story.deliveries, story.notifications, story.operator_actions]
    return _in_order([entry for part in parts for entry in _reached(part)])


def _reached(part, *arguments):
    """Nothing, of a domain in another deployment whose database this one was not given."""
    try:
        return list(part(*arguments))
    except Elsewhere:
        return []


def _in_order(entries):
    return sorted(entries, key=lambda entry: entry.at)


class _Story:
    """What `events` keeps under a correlation id, in whichever database it is."""

    def __init__(self, correlation_id, fan):
        self.id, self.fan = correlation_id, fan
        self.homes = {each.name: each.home for each in consumers()}
        self._events = list({row.pk: row for row in self._rows(Event)}.values())  # once, though a broker made copies
        self._deliveries = self._rows(Delivery, "event")
        self._times = Counter((row.event_id, row.consumer) for row in self._deliveries)

    def transitions(self):
        for row in self._rows(Transition):
            yield Entry(
                at=row.at,
                domain=_app(row.aggregate_type),
                kind=_("transition"),
                what=f"{row.aggregate_type.split('.')[-1]}: {row}, {row.cause}",
                who=self._who(row.actor),
                address=_address("events.Transition", row),
            )

    def events(self):
        for row in self._events:
            yield Entry(
                at=row.occurred_at,
                domain=_app(row.aggregate_type),
                kind=_("event"),
                what=f"{row.type} (v{row.seq})",
                who=self._who(row.actor),
                address=_address("events.Event", row),
            )

    def deliveries(self):
        for row in self._deliveries:
            yield Entry(
                at=row.done_at or row.event.occurred_at,
                domain=self.homes.get(row.consumer, _app(row.aggregate_type)),
                kind=_("delivery"),
                what=self._delivery_in_words(row),
                level=DELIVERY_LEVELS.get(row.state, ""),
                details=row.last_error,
                address=_address("events.Delivery", row),
            )

    def notifications(self):
        told = Notification.objects.filter(event_id__in=[event.pk for event in self._events])
        for row in told:
            yield Entry(
                at=row.created_at,
                domain="accounts",
                kind=_("notification"),
                what=row.get_kind_display(),
                who="notifications",
                address=address_of("accounts.Notification", row.pk),
            )

    def operator_actions(self):
        about = [str(self.id), *(str(delivery.pk) for delivery in self._deliveries)]
        for alias in domains():
            for row in OperatorAction.objects.using(alias).filter(target_id__in=about):
                yield Entry(
                    at=row.at,
                    domain=self._domain_of(row),
                    kind=_("by hand"),
                    what=_("%(action)s: “%(reason)s”") % {"action": row.action, "reason": row.reason},
                    who=row.operator,
                    details=_("before %(before)s, after %(after)s") % {"before": row.before, "after": row.after},
                    address=_address("events.OperatorAction", row),
                )

    def _rows(self, model, *related):
        """Its rows in all databases."""
        found = []
        for alias in domains():
            rows = model.objects.using(alias).filter(correlation_id=self.id)
            found += rows.select_related(*related).order_by("id") if related else rows.order_by("id")
        return found

    def _who(self, actor):
        if actor == self.fan:
            return _("the fan")
        return actor.removeprefix("consumer:").removeprefix("operator:")

    def _delivery_in_words(self, row):
        if row.state == Delivery.State.DONE and self._is_forwarded(row):
            told = {"type": row.event.type, "seq": row.seq, "consumer": row.consumer}
            return _("%(type)s (v%(seq)d) handed to the broker for %(consumer)s") % told
        words = _("%(type)s (v%(seq)d) at %(consumer)s: %(state)s") % {
            "type": row.event.type,
            "seq": row.seq,
            "consumer": row.consumer,
            "state": row.get_state_display(),
        }
        if row.attempts > 1 or row.last_error:
            words += _(", %(n)d attempts") % {"n": row.attempts}
        return words + (f", {row.fingerprint}" if row.fingerprint and row.state != Delivery.State.DONE else "")

    def _is_forwarded(self, row):
        """Its consumer's deployment has a delivery of its own."""
        return self._times[row.event_id, row.consumer] > 1 and row._state.db != home(self.homes[row.consumer])

    def _domain_of(self, action):
        delivery = next((each for each in self._deliveries if str(each.pk) == action.target_id), None)
        return _app(delivery.aggregate_type) if delivery else "reservations"


def _admissions(reservation):
    concert_id, _colon, number = reservation.place.partition(":")
    if not number:
        return
    for row in Admission.objects.filter(room__concert_id=concert_id, number=number):
        yield Entry(
            at=row.at,
            domain="queueing",
            kind=_("admission"),
            what=_("Let in from the waiting room, number %(number)d") % {"number": row.number},
            who=row.by,
            address=address_of("queueing.Admission", row.pk),
        )


def _payments(reservation):
    for row in Payment.objects.filter(reservation_id=reservation.pk):
        yield Entry(
            at=row.created_at,
            domain="payments",
            kind=_("payment"),
            what=_("Payment, now %(payment)s") % {"payment": row},
            address=address_of("payments.Payment", row.pk),
        )


def _transfers(reservation):
    for row in Transfer.objects.filter(key=reservation.pk):
        yield Entry(
            at=row.at,
            domain="payments",
            kind=_("transfer"),
            what=f"{row.get_kind_display()}: {row.amount:,} P, {row.source} → {row.target}",
            address=address_of("payments.Transfer", row.pk),
        )


def _settlement(reservation):
    for row in Line.objects.filter(reservation_id=reservation.pk):
        yield Entry(
            at=row.occurred_at,
            domain="settlement",
            kind=_("settlement"),
            what=f"{row.get_kind_display()}: {row.amount:,} P",
            address=address_of("settlement.Line", row.pk),
        )


def _sync_attempts(reservation):
    for row in SyncAttempt.objects.filter(reservation_id=reservation.pk):
        yield Entry(
            at=row.at,
            domain="reservations",
            kind=_("data platform"),
            what=f"{row.get_outcome_display()}, HTTP {row.http_status or '–'}, {row.duration_ms} ms",
            who="data-sync",
            level="" if row.outcome == SyncAttempt.Outcome.SUCCESS else TROUBLE,
            details=row.error,
            address=address_of("reservations.SyncAttempt", row.pk),
        )


def _app(label):
    return label.split(".")[0]


def _address(label, row):
    return address_of(label, row.pk, domain=row._state.db)


DELIVERY_LEVELS = {
    Delivery.State.READY: OPEN,
    Delivery.State.LEASED: OPEN,
    Delivery.State.WAITING: OPEN,
    Delivery.State.PARKED: TROUBLE,
    Delivery.State.SHELVED: TROUBLE,
    Delivery.State.DEAD: TROUBLE,
}
