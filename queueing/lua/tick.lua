-- The admission: drop who is over, let in who is next, up to both limits. At most AT_ONCE in one step, so that nobody
-- has to wait long for Redis. It answers with the journal's new entries, and whether the caller should come again at once.
-- ARGV[2]: version of the settings in PostgreSQL.  ARGV[3]: who admits.
local MINUTE, REMEMBERED, SAMPLE_EVERY, SAMPLES, AT_ONCE = 60000, 3600000, 10000, 31, 200
if figure('version') < tonumber(ARGV[2]) then return 'STALE' end
local max_active, per_minute, grace = figure('max_active'), figure('per_minute'), figure('grace_ms')
local active_ms, longest_ms, served = figure('active_ms'), figure('longest_ms'), figure('served')
local ticked = tonumber(redis.call('HGET', settings, 'ticked')) or now
local passed = math.max(0, now - ticked)
local busy = figure('busy') + (figure('inside') + redis.call('ZCARD', active)) / 2 * math.min(passed, grace / 2)

-- Nobody loses a place because we were away: after a gap between ticks the grace time begins anew.
if passed > grace / 2 then redis.call('HSET', settings, 'spare_until', now + grace) end
local sparing = now < figure('spare_until')
local function has_gone(number)
  local beat = tonumber(redis.call('ZSCORE', seen, number)) or now
  return not sparing and beat <= now - grace
end

local over = redis.call('ZRANGEBYSCORE', active, '-inf', now, 'LIMIT', 0, AT_ONCE)
for _, account in ipairs(over) do
  finish(account, (place_of(account)), 'EXPIRED')
end
if not sparing then
  for _, number in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - grace, 'LIMIT', 0, AT_ONCE)) do
    finish(redis.call('ZRANGEBYSCORE', waiting, number, number)[1], tonumber(number), 'EXPIRED')
  end
end

-- The journal holds each admission until its row is in PostgreSQL.
local function admit(account, number)
  redis.call('ZADD', active, now + active_ms, account)
  redis.call('ZADD', recent, now, number)
  write_place(account, number, 'ACTIVE', now + active_ms, now + math.max(longest_ms, active_ms))
  local entry = cjson.encode({ number = number, account = account, at = now, by = ARGV[3],
    active_after = redis.call('ZCARD', active), limit_then = max_active })
  redis.call('ZADD', journal, number, entry)
  served = math.max(number, served)
  return entry
end

redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - MINUTE)
local admitted, looked = {}, 0
local slots = math.min(max_active - redis.call('ZCARD', active), per_minute - redis.call('ZCARD', recent))
while state == 'OPEN' and #admitted < slots and looked < AT_ONCE do
  local account, number = unpack(redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES'))
  if not account then break end
  looked, number = looked + 1, tonumber(number)
  if has_gone(number) then -- takes no slot
    finish(account, number, 'EXPIRED')
  else
    depart(account, number)
    admitted[#admitted + 1] = admit(account, number)
  end
end

for _, account in ipairs(redis.call('ZRANGEBYSCORE', ended, '-inf', now - REMEMBERED, 'LIMIT', 0, AT_ONCE)) do
  forget(account)
end

-- How fast slots come back, over the last five minutes: departures, and the slot time in which they happened.
local departed = figure('departed')
if state ~= 'OPEN' then redis.call('DEL', samples) end
local last = redis.call('LINDEX', samples, 0)
if state == 'OPEN' and (not last or now - tonumber(string.match(last, '^%d+')) >= SAMPLE_EVERY) then
  redis.call('LPUSH', samples, string.format('%.0f %.0f %.0f', now, departed, busy))
  redis.call('LTRIM', samples, 0, SAMPLES - 1)
end
local oldest = redis.call('LINDEX', samples, -1) or string.format('0 %.0f %.0f', departed, busy)
local departed_then, busy_then = string.match(oldest, ' (%d+) (%d+)$')
local inside = redis.call('ZCARD', active)
redis.call('HSET', settings, 'ticked', now, 'busy', busy, 'served', served, 'inside', inside,
  'slots', math.max(0, max_active - inside), 'pace', redis.call('ZCARD', recent),
  'departed_lately', departed - departed_then, 'busy_lately', busy - busy_then)
local again = looked == AT_ONCE or #over == AT_ONCE
return { figure('counter'), figure('ceiling'), admitted, again and 1 or 0 }
