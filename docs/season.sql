-- Years of sales for docs/indexes.md: 1,000,000 reservations and 10,000,000 events, added to the demo's. For a database
-- of its own only; needs PostgreSQL 18 (uuidv7), 15 GB and some minutes. Done deliveries and inbox rows are there as long
-- as they are kept (30 and 90 days). Points, seats and logs agree, so that check_invariants finds nothing.

-- A hundred past performances of the arena's size, one every second day, and 100,000 fans.
CREATE TEMP TABLE arena AS SELECT * FROM reservations_performance ORDER BY seat_count DESC LIMIT 1;
CREATE TEMP TABLE past AS SELECT uuidv7() AS id, n, now() - n * interval '2 days' AS starts_at FROM generate_series(1, 100) AS n;
INSERT INTO reservations_performance (id, starts_at, sales_open_at, sales_close_at, seat_limit, seat_count, plan_version, concert_id, plan_id)
SELECT past.id, past.starts_at, past.starts_at - interval '60 days', past.starts_at - interval '1 hour', seat_limit, seat_count, plan_version, concert_id, plan_id
  FROM arena, past;
INSERT INTO reservations_seat (id, "order", section, row, number, grade, x, y, accessible, restricted_view, performance_id)
SELECT uuidv7(), "order", section, row, number, grade, x, y, accessible, restricted_view, past.id
  FROM reservations_seat s, past WHERE s.performance_id = (SELECT id FROM arena);
CREATE TEMP TABLE fan AS SELECT uuidv7(interval '-400 days') AS id, n FROM generate_series(0, 99999) AS n;
INSERT INTO accounts_user (password, is_superuser, id, email, name, language, is_staff, is_active, date_joined)
SELECT '!', false, id, 'fan-' || n || '@example.com', 'Fan ' || n, 'en', false, true, now() - interval '400 days' FROM fan;

-- One reservation for each seat of theirs: half bought, three in ten cancelled, two in ten lapsed. And for half of the
-- arena's free seats on sale now: nine in ten bought, the rest held or being paid.
CREATE TEMP TABLE story AS
SELECT uuidv7(at - now()) AS id, row_number() OVER (ORDER BY at) AS n, told.*, f.id AS user_id
  FROM (SELECT s.id AS seat_id, s.performance_id, p.starts_at, s.section || ' ' || s.row || ' ' || s.number AS seat,
               p.id = arena.id AS on_sale, random() AS fate, floor(random() * 100000)::int AS fan_n,
               CASE WHEN p.id = arena.id THEN now() - random() * interval '1 day' ELSE p.starts_at - random() * interval '60 days' END AS at
          FROM reservations_seat s JOIN reservations_performance p ON p.id = s.performance_id, arena
         WHERE p.id IN (SELECT id FROM past)
            OR p.id = arena.id AND s."order" % 2 = 0 AND NOT EXISTS (SELECT 1 FROM reservations_claim c WHERE c.seat_id = s.id)) AS told
  JOIN fan f ON f.n = told.fan_n ORDER BY at;
ALTER TABLE story ADD COLUMN status text, ADD COLUMN version int;
UPDATE story SET status = CASE WHEN on_sale THEN CASE WHEN fate < .9 THEN 'CONFIRMED' WHEN fate < .98 THEN 'HELD' ELSE 'PAYING' END
                               WHEN fate < .5 THEN 'CONFIRMED' WHEN fate < .8 THEN 'CANCELLED' ELSE 'EXPIRED' END;
UPDATE story SET version = CASE status WHEN 'HELD' THEN 1 WHEN 'PAYING' THEN 2 WHEN 'EXPIRED' THEN 2 WHEN 'CONFIRMED' THEN 3 ELSE 5 END;
INSERT INTO reservations_reservation (id, version, user_id, place, status, amount, facts, held_until, pay_deadline, confirmed_at, failure, refund, fee, refunded_at, attention, payment_key, cancellation_key, created_at, performance_id)
SELECT story.id, version, user_id, arena.concert_id || ':' || n, status, 100000,
       jsonb_build_object('concert_id', arena.concert_id, 'concert_title', 'Aurora World Tour', 'starts_at', story.starts_at, 'seats', jsonb_build_array(seat)),
       CASE WHEN status = 'HELD' THEN now() + interval '1 day' ELSE at + interval '5 min' END,
       CASE WHEN status = 'PAYING' THEN now() + interval '1 day' END,
       CASE WHEN status IN ('CONFIRMED', 'CANCELLED') THEN at + interval '2 min' END,
       '', CASE WHEN status = 'CANCELLED' THEN 100000 END, CASE WHEN status = 'CANCELLED' THEN 0 END,
       CASE WHEN status = 'CANCELLED' THEN at + interval '1 day' END,
       CASE WHEN n % 5000 = 0 THEN 'payments has not confirmed the refund' ELSE '' END, '', '', at, performance_id
  FROM story, arena ORDER BY n;
INSERT INTO reservations_claim (id, price, ended_at, performance_id, reservation_id, seat_id)
SELECT uuidv7(at - now()), 100000, CASE WHEN status IN ('EXPIRED', 'CANCELLED') THEN at + interval '1 day' END, performance_id, id, seat_id FROM story ORDER BY n;
INSERT INTO queueing_admission (number, account_id, at, active_after, limit_then, by, room_id, given_back)
SELECT n, user_id, at - interval '1 min', 10, 50, 'tick', room.id, false
  FROM story, arena JOIN queueing_room room ON room.concert_id = arena.concert_id ORDER BY n;

-- Points: 5,800,000 charges, a payment for each reservation bought, and the ledger that follows from them.
CREATE TEMP TABLE charge AS
SELECT uuidv7(at - now()) AS id, user_id, amount, at FROM (
    SELECT user_id, 100000 AS amount, at - interval '2 min' AS at FROM story WHERE status IN ('CONFIRMED', 'CANCELLED')
    UNION ALL SELECT fan.id, 1, now() - random() * interval '390 days' FROM fan, generate_series(1, 50)) AS told ORDER BY at;
INSERT INTO payments_charge (id, version, user_id, amount, status, idempotency_key, gateway_reference, created_at)
SELECT id, 2, user_id, amount, 'SUCCEEDED', id::text, id::text, at FROM charge ORDER BY at;
CREATE TEMP TABLE payment AS
SELECT uuidv7(at - now()) AS id, id AS reservation_id, user_id, at + interval '1 min' AS at, status = 'CANCELLED' AS refunded
  FROM story WHERE status IN ('CONFIRMED', 'CANCELLED') ORDER BY at;
INSERT INTO payments_payment (id, version, reservation_id, user_id, status, amount, refunded, fee, decline_reason, created_at)
SELECT id, CASE WHEN refunded THEN 2 ELSE 1 END, reservation_id, user_id, CASE WHEN refunded THEN 'REFUNDED' ELSE 'CAPTURED' END, 100000, CASE WHEN refunded THEN 100000 ELSE 0 END, 0, '', at FROM payment ORDER BY at;
CREATE TEMP TABLE entry AS
SELECT *, sum(signed) OVER (PARTITION BY user_id ORDER BY at, kind ROWS UNBOUNDED PRECEDING) AS balance_after FROM (
    SELECT 'charge' AS kind, id AS key, user_id, amount AS signed, at FROM charge
    UNION ALL SELECT 'debit', reservation_id, user_id, -100000, at FROM payment
    UNION ALL SELECT 'refund', reservation_id, user_id, 100000, at + interval '1 day' FROM payment WHERE refunded) AS told;
INSERT INTO payments_transfer (id, kind, key, source, target, amount, balance_after, at)
SELECT uuidv7(at - now()), kind, key,
       CASE kind WHEN 'charge' THEN 'house:top-up-clearing' WHEN 'debit' THEN 'fan:' || user_id ELSE 'house:sales-revenue' END,
       CASE kind WHEN 'debit' THEN 'house:sales-revenue' ELSE 'fan:' || user_id END, abs(signed), balance_after, at FROM entry ORDER BY at;
INSERT INTO payments_pointaccount (id, user_id, balance) SELECT user_id, user_id, sum(signed) FROM entry GROUP BY user_id;

-- The log and the ledger of events: what each version of a reservation, a payment and a charge told.
CREATE TEMP TABLE line (kind text, status text, version int, before text, after text, type text, later interval);
INSERT INTO line VALUES
('reservation', NULL, 1, '', 'HELD', 'ReservationHeld', '0'), ('reservation', 'EXPIRED', 2, 'HELD', 'EXPIRED', 'ReservationExpired', '5 min'),
('reservation', 'PAYING', 2, 'HELD', 'PAYING', 'ReservationSubmitted', '1 min'), ('reservation', 'CONFIRMED', 2, 'HELD', 'PAYING', 'ReservationSubmitted', '1 min'),
('reservation', 'CONFIRMED', 3, 'PAYING', 'CONFIRMED', 'ReservationConfirmed', '2 min'), ('reservation', 'CANCELLED', 2, 'HELD', 'PAYING', 'ReservationSubmitted', '1 min'),
('reservation', 'CANCELLED', 3, 'PAYING', 'CONFIRMED', 'ReservationConfirmed', '2 min'), ('reservation', 'CANCELLED', 4, 'CONFIRMED', 'CANCELLED', 'ReservationCancelled', '1 day'),
('reservation', 'CANCELLED', 5, 'CANCELLED', 'CANCELLED', NULL, '1 day');
CREATE TEMP TABLE told AS
SELECT 'reservations.Reservation' AS aggregate_type, s.id AS aggregate_id, l.version, l.before, l.after, l.type, s.id AS correlation_id, s.at + l.later AS at
  FROM story s JOIN line l ON l.status = s.status OR l.status IS NULL
UNION ALL SELECT 'payments.Payment', id, 1, '', 'CAPTURED', 'PointsCaptured', reservation_id, at FROM payment
UNION ALL SELECT 'payments.Payment', id, 2, 'CAPTURED', 'REFUNDED', 'PointsRefunded', reservation_id, at + interval '1 day' FROM payment WHERE refunded
UNION ALL SELECT 'payments.Charge', id, 1, '', 'PENDING', NULL, id, at FROM charge
UNION ALL SELECT 'payments.Charge', id, 2, 'PENDING', 'SUCCEEDED', 'PointsCharged', id, at FROM charge;
INSERT INTO events_transition (id, aggregate_type, aggregate_id, version, from_status, to_status, cause, actor, correlation_id, at)
SELECT uuidv7(at - now()), aggregate_type, aggregate_id, version, before, after, 'as time went by', 'system', correlation_id, at FROM told ORDER BY at, version;
INSERT INTO events_event (id, aggregate_type, aggregate_id, seq, type, data, correlation_id, actor, traceparent, occurred_at)
SELECT uuidv7(at - now()), aggregate_type, aggregate_id, version, type, jsonb_build_object('reservation_id', correlation_id, 'amount', 100000), correlation_id, 'system', '', at
  FROM told WHERE type IS NOT NULL ORDER BY at, version;

-- Deliveries and what they did. The last 300 to the data platform are dead.
CREATE TEMP TABLE subscription (type text, consumer text, prev_seq int);
INSERT INTO subscription VALUES
('ReservationSubmitted', 'payments', 0), ('ReservationSubmitted', 'queueing', 0), ('ReservationConfirmed', 'queueing', 2), ('PointsCaptured', 'confirmation', 0), ('PointsRefunded', 'confirmation', 1), ('ReservationCancelled', 'payments', 2);
INSERT INTO subscription SELECT 'ReservationConfirmed', consumer, 0 FROM unnest(ARRAY['ranking', 'settlement', 'notifications', 'email', 'data-sync']) AS consumer;
INSERT INTO subscription SELECT 'ReservationCancelled', consumer, 3 FROM unnest(ARRAY['ranking', 'settlement', 'notifications', 'email', 'data-sync']) AS consumer;
CREATE TEMP TABLE sent AS
SELECT e.id AS event_id, consumer, e.aggregate_type, e.aggregate_id, e.seq, prev_seq, e.correlation_id, e.occurred_at,
       consumer = 'data-sync' AND e.id IN (SELECT id FROM events_event WHERE type = 'ReservationConfirmed' ORDER BY id DESC LIMIT 300) AS dead
  FROM events_event e JOIN subscription USING (type)
 WHERE occurred_at > now() - interval '90 days' AND e.correlation_id IN (SELECT id FROM story) ORDER BY e.occurred_at, e.seq;
INSERT INTO events_delivery (id, consumer, aggregate_type, aggregate_id, seq, prev_seq, correlation_id, state, attempts, available_at, done_at, last_error, fingerprint, version, event_id)
SELECT uuidv7(occurred_at - now()), consumer, aggregate_type, aggregate_id, seq, prev_seq, correlation_id, CASE WHEN dead THEN 'dead' ELSE 'done' END,
       CASE WHEN dead THEN 10 ELSE 1 END, occurred_at, CASE WHEN NOT dead THEN occurred_at END, CASE WHEN dead THEN 'Refused' ELSE '' END, CASE WHEN dead THEN 'Refused 0123456789ab' ELSE '' END, 0, event_id
  FROM sent WHERE occurred_at > now() - interval '30 days';
INSERT INTO events_inboxmessage (consumer, event_id, aggregate_type, aggregate_id, seq, at)
SELECT consumer, event_id, aggregate_type, aggregate_id, seq, occurred_at FROM sent WHERE NOT dead ORDER BY occurred_at, seq;
INSERT INTO events_lanecursor (consumer, aggregate_type, aggregate_id, seq, prev_seq)
SELECT consumer, aggregate_type, aggregate_id, max(seq), max(prev_seq) FROM sent WHERE NOT dead GROUP BY 1, 2, 3;
INSERT INTO settlement_line (id, performance_id, concert_title, starts_at, reservation_id, kind, amount, event_id, occurred_at)
SELECT uuidv7(e.occurred_at - now()), performance_id, 'Aurora World Tour', s.starts_at, s.id, CASE type WHEN 'ReservationConfirmed' THEN 'sale' ELSE 'refund' END,
       CASE type WHEN 'ReservationConfirmed' THEN 100000 ELSE -100000 END, e.id, e.occurred_at
  FROM events_event e JOIN story s ON s.id = e.aggregate_id WHERE type IN ('ReservationConfirmed', 'ReservationCancelled') ORDER BY e.occurred_at;
INSERT INTO accounts_notification (id, kind, data, event_id, created_at, user_id)
SELECT uuidv7(e.occurred_at - now()), type, '{}', e.id, e.occurred_at, s.user_id
  FROM events_event e JOIN story s ON s.id = e.aggregate_id WHERE type IN ('ReservationConfirmed', 'ReservationCancelled') ORDER BY e.occurred_at;
INSERT INTO reservations_syncattempt (id, reservation_id, event_id, idempotency_key, outcome, http_status, platform_id, error, request_hash, duration_ms, at)
SELECT uuidv7(e.occurred_at - now()), s.id, e.id, s.id || ':' || type, 'success', 200, e.id::text, '', '', 20, e.occurred_at
  FROM events_event e JOIN story s ON s.id = e.aggregate_id WHERE type IN ('ReservationConfirmed', 'ReservationCancelled') ORDER BY e.occurred_at;
INSERT INTO events_operatoraction (id, at, operator, action, target_type, target_id, reason, before, after)
SELECT uuidv7(at - now()), at, 'olga@example.com', 'reservation.note', 'reservation', id::text, 'the fan called', '{}', '{}' FROM story WHERE n % 20 = 0 ORDER BY n;
VACUUM ANALYZE;
