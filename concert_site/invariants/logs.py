"""T, A: every change has its line, and every change by hand its reason."""

from django.utils.translation import gettext_noop as _

from concert_site.invariants.reading import suspects
from events.aggregate import Aggregate
from events.bus import authors, databases, home

# --- T -----------------------------------------------------------------------------------------------------------

NOT_ITS_LAST_LINE = """
SELECT n.id, n.version FROM {table} n
  LEFT JOIN events_transition t ON t.aggregate_type = %s AND t.aggregate_id = n.id AND t.version = n.version
 WHERE t.to_status IS DISTINCT FROM n.status
"""
LINE_OF_THE_FUTURE = """
SELECT t.aggregate_id, t.version FROM events_transition t LEFT JOIN {table} n ON n.id = t.aggregate_id
 WHERE t.aggregate_type = %s AND t.version > coalesce(n.version, 0)
"""
BROKEN_LOG = """
SELECT aggregate_id, version FROM (
    SELECT aggregate_id, version, from_status,
           lag(version, 1, 0) OVER log AS version_before, lag(to_status, 1, '') OVER log AS status_before
      FROM events_transition WHERE aggregate_type = %s
    WINDOW log AS (PARTITION BY aggregate_id ORDER BY version)) AS line
 WHERE version <> version_before + 1 OR from_status <> status_before
"""
EVENT_WITHOUT_A_LINE = """
SELECT e.id FROM events_event e
  LEFT JOIN events_transition t
    ON t.aggregate_type = e.aggregate_type AND t.aggregate_id = e.aggregate_id AND t.version = e.seq
 WHERE t.id IS NULL AND split_part(e.aggregate_type, '.', 1) = ANY(%s)
"""


def states_without_a_log():
    for model in Aggregate.__subclasses__():
        using, noun, table = home(model), model._meta.verbose_name, model._meta.db_table
        for fault, sql in [
            (_("its status is not the end of its log"), NOT_ITS_LAST_LINE),
            (_("its log goes on after its version"), LINE_OF_THE_FUTURE),
            (_("a gap in its log"), BROKEN_LOG),
        ]:
            yield from suspects(using, noun, fault, sql.format(table=table), model._meta.label)
    for using in databases():
        yield from suspects(
            using, f"{using}: event", _("its version has no line in the log"), EVENT_WITHOUT_A_LINE, authors(using)
        )


# --- A -----------------------------------------------------------------------------------------------------------

UNEXPLAINED_DELIVERY = """
SELECT d.id, d.version FROM events_delivery d
  LEFT JOIN (SELECT target_id, count(*) AS n, bool_or(action IN ('delivery.discard', 'delivery.edit')) AS discarded
               FROM events_operatoraction WHERE target_type = 'delivery' GROUP BY target_id) AS actions
    ON actions.target_id = d.id::text
 WHERE d.version <> coalesce(n, 0) OR d.state = 'discarded' AND discarded IS NOT TRUE
"""
# The action was written after the change and in its transaction, which was short: it had its locks before.
UNEXPLAINED_CHANGE = """
SELECT t.aggregate_id, t.version FROM events_transition t
 WHERE t.actor LIKE 'operator:%%' AND NOT EXISTS (
       SELECT 1 FROM events_operatoraction a
        WHERE a.target_id = t.aggregate_id::text AND a.action LIKE ANY (ARRAY['reservation.%%', 'delivery.%%'])
          AND a.at BETWEEN t.at AND t.at + interval '10 s')
"""
UNEXPLAINED_SWITCH = """
SELECT d.consumer, d.version FROM events_destination d
 WHERE d.version <> (SELECT count(*) FROM events_operatoraction a
                      WHERE a.target_type = 'consumer' AND a.target_id = d.consumer)
"""
NO_REASON = r"SELECT id FROM events_operatoraction WHERE reason ~ '^\s*$'"


def unexplained_changes():
    for using in databases():
        fault = _("not one operator's action for each intervention")
        yield from suspects(using, f"{using}: delivery", fault, UNEXPLAINED_DELIVERY)
        fault = _("not one operator's action for each pause and resumption")
        yield from suspects(using, f"{using}: consumer", fault, UNEXPLAINED_SWITCH)
        fault = _("changed by an operator without an action at that time")
        yield from suspects(using, f"{using}: aggregate", fault, UNEXPLAINED_CHANGE)
        yield from suspects(using, f"{using}: operator's action", _("without a reason"), NO_REASON)
