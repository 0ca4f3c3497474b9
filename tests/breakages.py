"""Ways to break each invariant, in SQL."""

from uuid import uuid4

CAPTURED = "SELECT reservation_id FROM payments_payment WHERE status = 'CAPTURED'"
A_SEAT = "SELECT id FROM reservations_seat LIMIT 1"
A_REFUND = "SELECT id FROM payments_transfer WHERE kind = 'refund' LIMIT 1"
REFUNDED = "SELECT reservation_id FROM payments_payment WHERE status = 'REFUNDED'"
CONFIRMED = "UPDATE reservations_reservation SET {} WHERE status = 'CONFIRMED'"
CANCELLED = "UPDATE reservations_reservation SET {} WHERE status = 'CANCELLED'"
ATTEMPT = """
INSERT INTO reservations_syncattempt
       (id, reservation_id, event_id, idempotency_key, outcome, platform_id, error, request_hash, duration_ms)
VALUES (gen_random_uuid(), gen_random_uuid(), '{event}', '{key}', 'success', '{object}', '', '', 1)
"""
PAUSE = """
INSERT INTO events_destination (consumer, outages, last_error, paused, version)
VALUES ('payments', 0, '', {paused}, {version})
"""
EVENT = uuid4()

# For each letter, ways to break it: statements with the app in whose database they are run, in order.
BREAKAGES = {
    "M": {
        "a balance without a transfer": [("payments", "UPDATE payments_pointaccount SET balance = balance + 1")],
        "a transfer that is gone": [("payments", "DELETE FROM payments_transfer WHERE kind = 'fee' OR kind = 'debit'")],
        "a transfer to nobody": [("payments", "UPDATE payments_transfer SET target = 'fan:' WHERE kind = 'charge'")],
        "a wrong balance after": [
            ("payments", "UPDATE payments_transfer SET balance_after = balance_after + 1 WHERE kind = 'debit'")
        ],
        "a negative balance": [
            ("payments", "ALTER TABLE payments_pointaccount DROP CONSTRAINT balance_is_never_negative"),
            ("payments", "UPDATE payments_pointaccount SET balance = -1"),
        ],
    },
    "S": {
        "a seat sold twice": [
            ("reservations", "DROP INDEX one_live_claim_per_seat"),
            ("reservations", f"UPDATE reservations_claim SET seat_id = ({A_SEAT})"),
        ],
        "a reservation without its claims": [("reservations", "UPDATE reservations_claim SET ended_at = now()")],
        "a claim that should have ended": [("reservations", "UPDATE reservations_claim SET ended_at = NULL")],
        "a claim to another performance": [
            (
                "reservations",
                "UPDATE reservations_claim c SET performance_id = p.id FROM reservations_performance p"
                " WHERE p.id <> c.performance_id",
            )
        ],
    },
    "D1": {
        "a payment given back": [
            ("payments", "UPDATE payments_payment SET status = 'REFUNDED', refunded = amount WHERE status = 'CAPTURED'")
        ],
        "a payment that is gone": [("payments", "DELETE FROM payments_payment WHERE status = 'CAPTURED'")],
        "another amount": [("payments", "UPDATE payments_payment SET amount = 1 WHERE status = 'CAPTURED'")],
        "a debit that is gone": [("payments", f"DELETE FROM payments_transfer WHERE key IN ({CAPTURED})")],
        "a second debit": [
            ("payments", "ALTER TABLE payments_transfer DROP CONSTRAINT one_transfer_per_kind_and_key"),
            ("payments", f"UPDATE payments_transfer SET key = ({CAPTURED}) WHERE kind = 'debit'"),
        ],
        "a refund as well": [
            ("payments", f"UPDATE payments_transfer SET key = ({CAPTURED}) WHERE id = ({A_REFUND})"),
        ],
    },
    "D2": {
        "a debit of a hold that expired": [("reservations", CONFIRMED.format("status = 'EXPIRED'"))],
        "a debit of a failed one": [("reservations", CONFIRMED.format("status = 'FAILED'"))],
        "a debit without a reservation": [
            ("payments", "UPDATE payments_transfer SET key = gen_random_uuid() WHERE kind = 'debit'")
        ],
        "a refund that is gone": [("payments", "DELETE FROM payments_transfer WHERE kind = 'refund'")],
        "a refund of a confirmed one": [("reservations", CANCELLED.format("status = 'CONFIRMED'"))],
        "another fee than promised": [("reservations", CANCELLED.format("fee = fee + 1, refund = refund - 1"))],
        "a cancelled one never debited": [("payments", f"DELETE FROM payments_transfer WHERE key IN ({REFUNDED})")],
    },
    "E": {
        "an effect that is gone": [("settlement", "DELETE FROM events_inboxmessage WHERE consumer = 'settlement'")],
        "a delivery that never was": [
            ("payments", "DELETE FROM events_inboxmessage WHERE consumer = 'payments'"),
            ("reservations", "DELETE FROM events_delivery WHERE consumer = 'payments'"),
        ],
        "a lane that is parked for ever": [("payments", "UPDATE events_delivery SET state = 'parked'")],
    },
    "O": {
        "effects in the other order": [
            ("payments", "UPDATE events_inboxmessage SET seq = 99 - seq WHERE consumer = 'payments'")
        ],
        "a cursor behind its inbox": [("payments", "UPDATE events_lanecursor SET seq = 0")],
        "a cursor that is gone": [("settlement", "DELETE FROM events_lanecursor WHERE consumer = 'settlement'")],
        "an effect before its predecessor's": [
            ("reservations", "UPDATE events_delivery SET state = 'ready' WHERE consumer = 'ranking' AND prev_seq = 0")
        ],
    },
    "X": {
        "two objects of one key": [
            ("reservations", ATTEMPT.format(event=EVENT, key="a", object="1")),
            ("reservations", ATTEMPT.format(event=EVENT, key="a", object="2")),
        ],
        "two keys of one event": [
            ("reservations", ATTEMPT.format(event=EVENT, key="a", object="1")),
            ("reservations", ATTEMPT.format(event=EVENT, key="b", object="1")),
        ],
    },
    "T": {
        "another status": [("reservations", CANCELLED.format("status = 'RELEASED'"))],
        "another status of a payment": [
            ("payments", "UPDATE payments_payment SET status = 'VOID', refunded = 0, fee = 0")
        ],
        "another status of a charge": [("payments", "UPDATE payments_charge SET status = 'PENDING'")],
        "a version without a line": [("reservations", CONFIRMED.format("version = version + 1"))],
        "a line without a version": [
            ("payments", "UPDATE payments_charge SET version = 1"),
            ("payments", "UPDATE events_transition SET to_status = 'SUCCEEDED'"),
        ],
        "a gap": [("reservations", "DELETE FROM events_transition WHERE version = 2")],
        "no beginning": [("reservations", "DELETE FROM events_transition WHERE version = 1")],
        "another source": [("reservations", "UPDATE events_transition SET from_status = 'FAILED' WHERE version = 2")],
        "an event of no version": [("payments", "UPDATE events_event SET seq = seq + 90")],
    },
    "Q": {
        "one too many": [("queueing", "UPDATE queueing_admission SET active_after = limit_then + 1")],
        "a lower number later": [
            ("queueing", "UPDATE queueing_admission SET at = at - number * interval '1 min'"),
        ],
        "one passed by": [("queueing", "UPDATE queueing_admission SET by = 'return'")],
        "nobody let in": [("queueing", "DELETE FROM queueing_admission")],
        "somebody else let in": [("queueing", "UPDATE queueing_admission SET account_id = gen_random_uuid()")],
        "let in too late": [("queueing", "UPDATE queueing_admission SET at = at + interval '1 h'")],
    },
    "A": {
        "a change by nobody in particular": [("reservations", "UPDATE events_transition SET actor = 'operator:Olga'")],
        "a retry without an action": [("payments", "UPDATE events_delivery SET version = 1")],
        "a discard without an action": [("payments", "UPDATE events_delivery SET state = 'discarded'")],
        "an action that is gone": [("reservations", "TRUNCATE events_operatoraction")],
        "a pause by nobody in particular": [("payments", PAUSE.format(paused=True, version=1))],
        "a resumption by nobody in particular": [("payments", PAUSE.format(paused=False, version=2))],
        "no reason": [
            ("reservations", "ALTER TABLE events_operatoraction DROP CONSTRAINT operator_action_has_a_reason"),
            ("reservations", "ALTER TABLE events_operatoraction DISABLE TRIGGER append_only"),
            ("reservations", r"UPDATE events_operatoraction SET reason = E' \n'"),
        ],
    },
    "L": {
        "a payment that nobody chases": [
            ("reservations", CONFIRMED.format("status = 'PAYING', pay_deadline = now() - interval '61 s'"))
        ],
        "a refund that nobody chases": [
            ("reservations", CANCELLED.format("refund_deadline = now() - interval '61 s'"))
        ],
        "an answer that nobody waits for": [
            ("reservations", CANCELLED.format("answer_deadline = now() - interval '61 s'"))
        ],
        "a charge that nobody asks about": [
            ("payments", "UPDATE payments_charge SET status = 'PENDING', created_at = now() - interval '662 s'")
        ],
    },
}  # fmt: skip
