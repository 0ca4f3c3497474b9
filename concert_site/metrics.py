"""What is worth a graph or an alarm, read when it is asked for."""

import structlog
from django.conf import settings
from django.db import connections
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily

from concert_site import alive
from concert_site.models import Finding
from events.homes import own_databases
from payments.models import Charge
from queueing import rooms
from queueing.models import Inflow, Room
from reservations.models import Reservation

DELIVERIES = """
SELECT consumer, state, count(*), extract(epoch FROM clock_timestamp() - min(e.occurred_at))
  FROM events_delivery d JOIN events_event e ON e.id = d.event_id
 WHERE d.state IN ('ready', 'leased', 'waiting', 'parked', 'shelved', 'dead') GROUP BY 1, 2
"""


logger = structlog.get_logger(__name__)


class ServiceCollector:
    def collect(self):
        yield from self._deliveries()
        if "reservations" in settings.DOMAINS:
            yield self._attention()
        if "payments" in settings.DOMAINS:
            yield self._charges()
        if "queueing" in settings.DOMAINS:
            yield from self._reachable_rooms()
        yield from self._inflow()
        yield self._silent()
        if "accounts" in settings.DOMAINS:
            yield from self._invariants()

    def _deliveries(self):
        labels = ["database", "consumer", "state"]
        count = GaugeMetricFamily("events_unfinished_deliveries", "Deliveries that are not over", labels=labels)
        age = GaugeMetricFamily("events_oldest_unfinished_seconds", "Age of the oldest of their events", labels=labels)
        for alias in own_databases():
            with connections[alias].cursor() as cursor:
                cursor.execute(DELIVERIES)
                for consumer, state, n, seconds in cursor.fetchall():
                    count.add_metric([alias, consumer, state], n)
                    age.add_metric([alias, consumer, state], float(seconds))
        return [count, age]

    def _attention(self):
        waiting = Reservation.objects.needing_attention().count()
        return GaugeMetricFamily("reservations_needing_attention", "Reservations that wait for an operator", waiting)

    def _charges(self):
        waiting = Charge.objects.filter(status=Charge.Status.PENDING).exclude(attention="").count()
        return GaugeMetricFamily("charges_needing_attention", "Charges that the gateway does not answer", waiting)

    def _reachable_rooms(self):
        try:
            return self._rooms()
        except rooms.RoomUnavailable:
            logger.warning("rooms_not_measured", exc_info=True)
            return []

    def _rooms(self):
        waiting = GaugeMetricFamily("room_waiting", "Fans waiting", labels=["concert"])
        active = GaugeMetricFamily("room_active", "Fans let in", labels=["concert"])
        for concert_id in Room.objects.exclude(state=Room.State.OFF).values_list("concert_id", flat=True):
            front = rooms.front(concert_id=concert_id)
            waiting.add_metric([str(concert_id)], front.waiting)
            active.add_metric([str(concert_id)], front.active)
        return [waiting, active]

    def _inflow(self):
        inflow = Inflow.current()
        reason = GaugeMetricFamily("room_inflow_reason", "1: why the share is below 1", labels=["reason"])
        for each in (Inflow.Reason.LATENCY, Inflow.Reason.ERRORS):
            reason.add_metric([each.value], int(each == inflow.reason))
        return [GaugeMetricFamily("room_inflow_share", "Share of the operators' pace let in", inflow.share), reason]

    def _silent(self):
        silent = GaugeMetricFamily("process_silent", "1: it has not reported for too long", labels=["process"])
        for name in alive.PROCESSES:
            silent.add_metric([name], int(name in alive.silent()))
        return silent

    def _invariants(self):
        violations = GaugeMetricFamily("invariant_violations", "As last looked at", labels=["letter"])
        unchecked = GaugeMetricFamily("invariant_unchecked", "1: not all could be looked at", labels=["letter"])
        looked_at = GaugeMetricFamily("invariant_looked_at_timestamp_seconds", "Its last look", labels=["letter"])
        for finding in Finding.objects.last_looks():
            violations.add_metric([finding.letter], finding.violations)
            unchecked.add_metric([finding.letter], int(finding.holds is None))
            looked_at.add_metric([finding.letter], finding.finished_at.timestamp())
        return [violations, unchecked, looked_at]


registry = CollectorRegistry(auto_describe=False)
registry.register(ServiceCollector())
