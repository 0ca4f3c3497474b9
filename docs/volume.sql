-- Volume for docs/indexes.md: rows as a busy season leaves them, added to the demo's. For a database of its own only:
-- balances and logs do not match, so check_invariants finds fault with it.

-- Ten past performances of the arena's size, as copies of the largest one.
CREATE TEMP TABLE arena AS SELECT * FROM reservations_performance ORDER BY seat_count DESC LIMIT 1;
CREATE TEMP TABLE past AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, 10) AS n;
INSERT INTO reservations_performance (id, starts_at, sales_open_at, sales_close_at, seat_limit, seat_count, plan_version, concert_id, plan_id)
SELECT past.id, now() - n * interval '30 days', now() - n * interval '30 days' - interval '60 days',
       now() - n * interval '30 days' - interval '1 hour', seat_limit, seat_count, plan_version, concert_id, plan_id
  FROM arena, past;
INSERT INTO reservations_seat (id, "order", section, row, number, grade, x, y, accessible, restricted_view, performance_id)
SELECT gen_random_uuid(), "order", section, row, number, grade, x, y, accessible, restricted_view, past.id
  FROM reservations_seat s, past WHERE s.performance_id = (SELECT id FROM arena);

-- One reservation of one seat for each of their seats, and for half of the arena's that are free: three in ten bought.
-- 20,000 fans, a few of whom hold, pay, or need attention now.
CREATE TEMP TABLE story AS
SELECT gen_random_uuid() AS id, s.id AS seat_id, s.performance_id, ('00000000-0000-4000-8000-' || lpad(to_hex(row_number() OVER () % 20000), 12, '0'))::uuid AS user_id,
       row_number() OVER () AS n, s.performance_id = (SELECT id FROM arena) AS on_sale
  FROM reservations_seat s
 WHERE s.performance_id IN (SELECT id FROM past)
    OR s.performance_id = (SELECT id FROM arena) AND s."order" % 2 = 0 AND NOT EXISTS (SELECT 1 FROM reservations_claim c WHERE c.seat_id = s.id);
INSERT INTO reservations_reservation (id, version, user_id, place, status, amount, facts, held_until, pay_deadline, confirmed_at, failure, attention, payment_key, cancellation_key, created_at, performance_id)
SELECT id, 3, user_id, '', status, 100000, '{"seats": ["one"]}',
       now() + CASE WHEN status = 'HELD' THEN n % 300 * interval '1 s' - interval '10 s' ELSE - n * interval '1 min' END,
       CASE WHEN status = 'PAYING' THEN now() + n % 120 * interval '1 s' - interval '5 s' END,
       CASE WHEN status = 'CONFIRMED' THEN now() - n * interval '1 min' END,
       '', CASE WHEN n % 5000 = 0 THEN 'payments has not confirmed the refund' ELSE '' END, '', '', now() - n * interval '1 min', performance_id
  FROM (SELECT *, CASE WHEN on_sale AND n % 10 = 1 THEN 'HELD' WHEN on_sale AND n % 100 = 2 THEN 'PAYING'
                       WHEN on_sale OR n % 10 < 3 THEN 'CONFIRMED' ELSE 'EXPIRED' END AS status FROM story) AS told;
INSERT INTO reservations_claim (id, price, ended_at, performance_id, reservation_id, seat_id)
SELECT gen_random_uuid(), 100000, CASE WHEN r.status = 'EXPIRED' THEN now() END, story.performance_id, story.id, seat_id
  FROM story JOIN reservations_reservation r ON r.id = story.id;

-- Points: an account for each fan, a charge and a debit for each reservation bought.
INSERT INTO payments_pointaccount (id, user_id, balance) SELECT user_id, user_id, 0 FROM story GROUP BY user_id;
INSERT INTO payments_transfer (id, kind, key, source, target, amount, balance_after, at)
SELECT gen_random_uuid(), 'charge', gen_random_uuid(), 'house:top-up-clearing', 'fan:' || user_id, 100000, 100000, created_at
  FROM story JOIN reservations_reservation USING (id, user_id) WHERE status = 'CONFIRMED'
UNION ALL
SELECT gen_random_uuid(), 'debit', id, 'fan:' || user_id, 'house:sales-revenue', 100000, 0, created_at
  FROM story JOIN reservations_reservation USING (id, user_id) WHERE status = 'CONFIRMED';

-- Three events for each reservation, each with two deliveries. All are done but the newest 300; one lane has a dead head.
INSERT INTO events_event (id, aggregate_type, aggregate_id, seq, type, data, correlation_id, actor, traceparent, occurred_at)
SELECT gen_random_uuid(), 'reservations.Reservation', id, seq, 'ReservationHeld', '{}', id, 'fan', '', now() - n * interval '1 min'
  FROM story, generate_series(11, 13) AS seq;
INSERT INTO events_delivery (id, consumer, aggregate_type, aggregate_id, seq, correlation_id, state, attempts, available_at, last_error, fingerprint, version, event_id)
SELECT gen_random_uuid(), consumer, aggregate_type, aggregate_id, seq, correlation_id,
       CASE WHEN occurred_at < now() - interval '50 min' THEN 'done' WHEN consumer = 'payments' THEN 'ready'
            WHEN seq = 11 THEN 'dead' ELSE 'parked' END,
       1, now() - interval '1 s', '', '', 0, id
  FROM events_event, unnest(ARRAY['payments', 'data-sync']) AS consumer WHERE seq BETWEEN 11 AND 13;
ANALYZE;
