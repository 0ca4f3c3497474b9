-- The admission: drop who is over, let in who is next, up to both limits.
-- ARGV[2]: version of the settings in PostgreSQL.  ARGV[3]: who admits.
local MINUTE, REMEMBERED, SAMPLE_EVERY, SAMPLES, AT_ONCE = 60000, 3600000, 10000, 31, 1000
if figure('version') < tonumber(ARGV[2]) then return 'STALE' end
local max_active, per_minute, grace = figure('max_active'), figure('per_minute'), figure('grace_ms')
local ticked = tonumber(redis.call('HGET', settings, 'ticked')) or now
local busy = figure('busy') + redis.call('ZCARD', active) * math.max(0, math.min(now - ticked, 5000))

-- Nobody loses a place because we were away: after a gap between ticks the grace time begins anew.
if now - ticked > grace / 2 then redis.call('HSET', settings, 'spare_until', now + grace) end
local sparing = now < figure('spare_until')
local function has_gone(account)
  local beat = tonumber(redis.call('ZSCORE', seen, account)) or now
  return not sparing and beat <= now - grace
end

for _, account in ipairs(redis.call('ZRANGEBYSCORE', active, '-inf', now)) do
  finish(account, (place_of(account)), 'EXPIRED')
end
if not sparing then
  for _, account in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - grace, 'LIMIT', 0, AT_ONCE)) do
    finish(account, (place_of(account)), 'EXPIRED')
  end
end

-- The journal holds each admission until its row is in PostgreSQL.
local function admit(account, number)
  local until_ms = now + figure('active_ms')
  redis.call('ZADD', active, until_ms, account)
  redis.call('ZREM', seen, account)
  redis.call('ZADD', recent, now, number)
  write_place(account, number, 'ACTIVE', until_ms, now + math.max(figure('longest_ms'), figure('active_ms')))
  local entry = cjson.encode({ number = number, account = account, at = now, by = ARGV[3],
    active_after = redis.call('ZCARD', active), limit_then = max_active })
  redis.call('ZADD', journal, number, entry)
  redis.call('HSET', settings, 'served', math.max(number, figure('served')))
  return entry
end

redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - MINUTE)
local admitted = {}
if state == 'OPEN' then
  local slots = math.min(max_active - redis.call('ZCARD', active), per_minute - redis.call('ZCARD', recent))
  for _ = 1, slots + AT_ONCE do -- the gone ones at the head take no slot
    if #admitted >= slots then break end
    local account, number = unpack(redis.call('ZPOPMIN', waiting))
    if not account then break end
    if has_gone(account) then
      finish(account, tonumber(number), 'EXPIRED')
    else
      admitted[#admitted + 1] = admit(account, tonumber(number))
    end
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
redis.call('HSET', settings, 'ticked', now, 'busy', busy,
  'slots', math.max(0, max_active - redis.call('ZCARD', active)), 'pace', redis.call('ZCARD', recent),
  'departed_lately', departed - departed_then, 'busy_lately', busy - busy_then)
return { figure('counter'), figure('ceiling'), admitted }
