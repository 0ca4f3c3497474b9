"""What the databases have about one reservation (or charge), read in one go."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.utils.functional import cached_property
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import Notification
from concert_site.asking import ask
from concert_site.routers import Elsewhere
from concert_site.timeline.words import CONSUMERS, in_words
from events.admin.domains import domains
from events.consumers import consumers
from events.models import Delivery, Destination, Event, InboxMessage, OperatorAction, Transition
from payments.models import Payment, Transfer
from queueing.models import Admission
from reservations.models import Claim, Seat, SyncAttempt
from settlement.models import Line


@dataclass(frozen=True, kw_only=True)
class Story:
    """rows: {model: rows}. at: when they were read."""

    correlation_id: object
    rows: dict
    at: datetime
    reservation: object = None

    @classmethod
    def of(cls, reservation):
        rows = _read([*_of_domains(reservation), *_of_events(reservation.pk)])
        return cls(correlation_id=reservation.pk, rows=rows, at=now(), reservation=reservation)

    @classmethod
    def told_under(cls, correlation_id):
        """What `events` knows of anything that is told under that id, a charge for example."""
        return cls(correlation_id=correlation_id, rows=_read(_of_events(correlation_id)), at=now())

    @property
    def payment(self) -> Payment | None:
        return next(iter(self.rows[Payment]), None)

    @property
    def fan(self):
        """None when the account is gone."""
        return next(iter(self.rows[get_user_model()]), None)

    @cached_property
    def events(self) -> dict:
        """{id: event}, oldest first; each once, though a broker made copies."""
        return {event.pk: event for event in sorted(self.rows[Event], key=lambda event: event.pk)}

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """With their events."""
        events = {(event._state.db, event.pk): event for event in self.rows[Event]}
        for delivery in self.rows[Delivery]:
            delivery.event = events[delivery._state.db, delivery.event_id]
        return sorted(self.rows[Delivery], key=lambda delivery: delivery.pk)

    @property
    def unfinished(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.state in Delivery.UNFINISHED]

    def barred(self, consumer) -> str:
        """Why the consumer gets nothing now, in words; "" when it does."""
        destination = next((each for each in self.rows[Destination] if each.consumer == consumer), None)
        if destination is None or not (destination.paused or destination.away_since):
            return ""
        words = _("delivery to %(where)s is paused") if destination.paused else _("%(where)s can't be reached")
        return words % {"where": in_words(CONSUMERS, consumer)}

    @cached_property
    def effects(self) -> dict:
        """{(event id, consumer): when it took effect}, of consumers that said something in turn."""
        return {(each.event_id, each.consumer): each.at for each in self.rows[InboxMessage]}

    def who(self, actor) -> str:
        """An actor in words."""
        kind, _colon, name = actor.partition(":")
        if self.reservation and actor == f"fan:{self.reservation.user_id}":
            return _("the fan")
        if kind == "consumer":
            return in_words(CONSUMERS, name)
        return name or actor


def _read(questions):
    rows = ask(questions)
    return rows | ask(_effects(rows[Event]))


def _of_domains(reservation):
    id, fan = reservation.pk, reservation.user_id
    concert_id, _colon, number = reservation.place.partition(":")
    if number:
        yield Admission.objects.filter(room__concert_id=concert_id, number=number)
    seats = Claim.objects.filter(reservation=id).order_by().values("seat")
    yield Claim.objects.filter(Q(reservation=id) | Q(ended_at=None), seat__in=seats)
    yield Seat.objects.filter(pk__in=seats)
    yield SyncAttempt.objects.filter(reservation_id=id)
    yield Payment.objects.filter(reservation_id=id)
    yield Transfer.objects.filter(key=id)
    yield Line.objects.filter(reservation_id=id)
    yield Notification.objects.filter(user=fan, data__reservation_id=str(id))
    yield get_user_model().objects.filter(pk=fan)


def _of_events(correlation_id):
    names = [each.name for each in consumers()]
    for alias in domains():
        deliveries = Delivery.objects.using(alias).filter(correlation_id=correlation_id)
        yield deliveries
        yield Event.objects.using(alias).filter(correlation_id=correlation_id)
        yield Transition.objects.using(alias).filter(correlation_id=correlation_id)
        yield Destination.objects.using(alias).filter(consumer__in=names)
        actions = OperatorAction.objects.using(alias)
        yield actions.filter(target_id=str(correlation_id))
        yield actions.filter(target_id__in=deliveries.order_by().values_list(Cast("pk", CharField())))


def _effects(events):
    """When the consumers that said something in turn began with it: a delivery is done only after what it led to."""
    said = {event.actor.removeprefix("consumer:") for event in events if event.actor.startswith("consumer:")}
    for each in consumers():
        if each.name in said:
            try:
                effects = InboxMessage.objects.using(each.database)
            except Elsewhere:
                continue
            yield effects.filter(consumer=each.name, event_id__in=[event.pk for event in events])
