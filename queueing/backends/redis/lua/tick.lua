-- The admission: drop who is over, let in who is next, up to both limits. At most AT_ONCE in one step, so that nobody
-- has to wait long for Redis. It answers with the journal's new entries, and whether the caller should come again at once.
-- ARGV[2]: version of the settings in PostgreSQL.  ARGV[3]: share of the pace that the shop can take, and ARGV[4] why not all.
-- ARGV[5]: what is left to buy, as JSON.
local MINUTE, REMEMBERED, SAMPLE_EVERY, SAMPLES, AT_ONCE = 60000, 3600000, 10000, 31, 200
if figure('version') < tonumber(ARGV[2]) then return 'STALE' end
if state ~= 'BEFORE_OPENING' then -- those who came before the opening get their numbers first
  local drawn = redis.call('ZRANGE', early, 0, AT_ONCE - 1, 'WITHSCORES')
  if #drawn > 0 then return { 'DRAW', drawn } end
end

local max_active, share = figure('max_active'), tonumber(ARGV[3])
local per_minute = figure('per_minute')
if per_minute > 0 then per_minute = math.max(1, math.floor(per_minute * share)) end
local served = figure('served')
local passed = math.max(0, gap)
local busy = figure('busy') + (figure('inside') + redis.call('ZCARD', active)) / 2 * math.min(passed, grace / 2)

if passed > grace / 2 then redis.call('HSET', settings, 'spare_until', now + grace) end
local function has_gone(number)
  local beat = tonumber(redis.call('ZSCORE', seen, number)) or now
  return not sparing and beat <= now - grace
end
local function lapse(beat)
  local ticket = tonumber(string.match(beat, '^d(%d+)$'))
  local score = ticket or tonumber(beat)
  local account = redis.call('ZRANGEBYSCORE', ticket and early or waiting, score, score)[1]
  if account then
    finish(account, ticket and 0 or score, 'EXPIRED', ticket)
  else
    redis.call('ZREM', seen, beat)
  end
end

local over = redis.call('ZRANGEBYSCORE', active, '-inf', now, 'LIMIT', 0, AT_ONCE)
for _, account in ipairs(over) do
  local number, status, until_ms = place_of(account)
  if status == 'EXPIRED' or not status then
    finish(account, number, 'EXPIRED')
  else
    redis.call('ZADD', active, math.min(until_ms, now + grace), account)
  end
end
if not sparing then
  for _, beat in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - grace, 'LIMIT', 0, AT_ONCE)) do lapse(beat) end
end

redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - MINUTE)
local admitted, looked = {}, 0
local slots = math.min(max_active - redis.call('ZCARD', active), per_minute - redis.call('ZCARD', recent))
local letting_in = state == 'OPEN' and now >= (tonumber(known[4]) or 0) -- after a loss all get time to come back first
while letting_in and #admitted < slots and looked < AT_ONCE do
  local account, number = unpack(redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES'))
  if not account then break end
  looked, number = looked + 1, tonumber(number)
  if has_gone(number) then -- takes no slot
    finish(account, number, 'EXPIRED')
  else
    depart(account, number)
    admitted[#admitted + 1] = let_in(account, number, number < served and 'return' or 'tick', max_active)
    served = math.max(number, served)
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

-- Some of the line, for those who know their number and ask only for what anyone may know: close together in front.
local line, rank, size = {}, 0, redis.call('ZCARD', waiting)
while rank < size do
  line[#line + 1] = redis.call('ZRANGE', waiting, rank, rank, 'WITHSCORES')[2] .. ':' .. rank
  rank = rank < size - 1 and math.min(rank * 2 + 1, size - 1) or size
end

local inside = redis.call('ZCARD', active)
redis.call('HSET', settings, 'ticked', now, 'busy', busy, 'served', served, 'inside', inside,
  'slots', math.max(0, max_active - inside), 'pace', redis.call('ZCARD', recent),
  'departed_lately', departed - departed_then, 'busy_lately', busy - busy_then,
  'inflow', ARGV[3], 'slowed_by', ARGV[4], 'stock', ARGV[5], 'line', table.concat(line, ' '))
local again = looked == AT_ONCE or #over == AT_ONCE
return { figure('counter'), figure('ceiling'), admitted, again and 1 or 0 }
