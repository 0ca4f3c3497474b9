"""The statements that keep lanes in order. A lane is (consumer, aggregate); its head is its first row that is not over.

Only the head is `ready` or `leased`; those behind it wait, and are not looked at by any claim, however many they are.
Whoever ends the head wakes the next. A row that is `ready` behind another does no harm: the claim looks again.
"""

UNFINISHED = "('ready', 'leased', 'waiting', 'parked', 'shelved', 'dead')"

# One row for each consumer, with the place of the row before it. That one, if it is not over, is locked until the
# commit: who ends it then sees the new row and wakes it. If somebody has it just now, the new one starts `ready`
# instead of waiting for him. Lanes of one aggregate are written one after the other, under the aggregate's lock.
ADDRESS = f"""
INSERT INTO events_delivery (id, event_id, consumer, aggregate_type, aggregate_id, seq, prev_seq, correlation_id, state,
                             attempts, last_error, fingerprint, version)
SELECT sent.id, %(event)s, sent.consumer, %(type)s, %(aggregate)s, %(seq)s, coalesce(before.seq, 0), %(correlation)s,
       CASE WHEN ahead.state IS NULL THEN 'ready' WHEN ahead.state IN ('dead', 'parked') THEN 'parked'
            ELSE 'waiting' END,
       0, '', '', 0
  FROM unnest(%(ids)s::uuid[], %(consumers)s::text[]) AS sent (id, consumer)
  LEFT JOIN LATERAL (
       SELECT d.id, d.seq FROM events_event e
         JOIN events_delivery d ON d.event_id = e.id AND d.consumer = sent.consumer
        WHERE e.aggregate_type = %(type)s AND e.aggregate_id = %(aggregate)s AND e.seq < %(seq)s
        ORDER BY e.seq DESC LIMIT 1) AS before ON true
  LEFT JOIN LATERAL (
       SELECT d.state FROM events_delivery d
        WHERE d.id = before.id AND d.state IN {UNFINISHED} FOR SHARE SKIP LOCKED) AS ahead ON true
"""  # noqa: S608

# The due heads, by consumer and then by the time since when they are due. `available_at` is also the end of a lease: a
# relay that dies gives its deliveries back by doing nothing. Due in each state is looked for by itself, so that those
# who have the few of one never read through the many of the other. The events are looked up one by one (LIMIT keeps it
# so): as a join, a planner that has not yet heard how many events there are would read them all.
CLAIM = f"""
WITH claimed AS (
UPDATE events_delivery
   SET state = 'leased', attempts = attempts + 1, lease_token = %(token)s,
       available_at = statement_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = ANY(ARRAY(
       SELECT due.id FROM unnest(%(consumers)s::text[]) AS served (consumer)
        CROSS JOIN unnest(%(states)s::text[]) AS found (state) CROSS JOIN LATERAL (
              SELECT d.id FROM events_delivery d
               WHERE d.consumer = served.consumer AND d.state = found.state AND d.state IN ('ready', 'leased')
                 AND d.available_at <= statement_timestamp() {{story}}
                 AND NOT EXISTS (SELECT 1 FROM events_delivery earlier
                                  WHERE earlier.consumer = d.consumer AND earlier.aggregate_type = d.aggregate_type
                                    AND earlier.aggregate_id = d.aggregate_id AND earlier.seq < d.seq
                                    AND earlier.state IN {UNFINISHED})
               ORDER BY d.available_at LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED) AS due
        LIMIT %(limit)s))
RETURNING *)
SELECT {{columns}} FROM claimed d CROSS JOIN LATERAL (SELECT * FROM events_event WHERE id = d.event_id LIMIT 1) AS e;
"""  # noqa: S608
STATES = {None: ["leased", "ready"], False: ["ready"], True: ["leased"]}  # by whether its relay died
STORY = "AND d.correlation_id = %(correlation_id)s"

# A claim or a finish that a crash of PostgreSQL takes back is done again, and has no effect again. So the disk is not
# waited for; it is for effects. Stands at a transaction's end.
UNSYNCED = "SET LOCAL synchronous_commit = off"

# Two statements of one transaction: the second sees what was addressed while the first waited.
FINISH = """
UPDATE events_delivery
   SET state = 'done', lease_token = NULL, last_error = '', held_up_since = NULL, done_at = statement_timestamp()
 WHERE id = ANY(%(ids)s::uuid[]) AND lease_token = %(token)s;
"""
WAKE = f"""
UPDATE events_delivery d SET state = 'ready'
  FROM events_delivery over CROSS JOIN LATERAL (
       SELECT id FROM events_delivery behind
        WHERE behind.consumer = over.consumer AND behind.aggregate_type = over.aggregate_type
          AND behind.aggregate_id = over.aggregate_id AND behind.seq > over.seq AND behind.state IN {UNFINISHED}
        ORDER BY behind.seq LIMIT 1) AS next
 WHERE over.id = ANY(%(ids)s::uuid[]) AND over.state IN ('done', 'discarded')
   AND d.id = next.id AND d.state IN ('waiting', 'parked');
"""  # noqa: S608
