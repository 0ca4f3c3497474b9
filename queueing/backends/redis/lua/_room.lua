-- What every verb stands on: the room's keys, the time, and an account's place. Put before each verb's script.
-- KEYS: always these ten.  ARGV[1]: the time in ms when a test passes it, else empty.  ARGV[2]: mostly the account.
local settings, waiting, seen, active, places, ended, recent, samples, journal, early =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]

local known = redis.call('HMGET', settings, 'state', 'epoch', 'asks_proof', 'recover_until', 'max_active', 'per_minute',
  'grace_ms', 'opens_at', 'slots', 'pace', 'departed_lately', 'busy_lately', 'inflow', 'ticked', 'spare_until',
  'counter', 'ceiling')
local FIGURES = 13 -- of these are told
local state = known[1]
if not state then return 'MISSING' end -- wiped, or never asked for: the caller loads it from PostgreSQL
local grace = tonumber(known[7]) or 0
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Nobody loses a place because we were away: after a gap between ticks the grace time begins anew.
local gap = now - (tonumber(known[14]) or now)
local sparing = gap > grace / 2 or now < (tonumber(known[15]) or 0)

local function figure(name)
  return tonumber(redis.call('HGET', settings, name)) or 0
end

-- An account's number, status, end of its active time, the latest that this may become (ms), what was left of it when
-- the fan began to pay, and the draw ticket of who came before the opening and has no number yet.
-- The time decides about ACTIVE, whether or not a tick has come by. ENTERING is let in, but not yet written down in
-- PostgreSQL: nobody sees himself in before that.
local function place_of(account)
  local waits = redis.call('ZSCORE', waiting, account)
  if waits then return tonumber(waits), 'WAITING', 0, 0, 0 end
  local entry = redis.call('HGET', places, account)
  if not entry then
    local ticket = redis.call('ZSCORE', early, account)
    if ticket then return 0, 'WAITING', 0, 0, 0, tonumber(ticket) end
    return nil
  end
  local number, status, until_ms, latest, remaining = string.match(entry, '^(%d+) (%u+) (%d+) (%d+) (%d+)$')
  if status == 'ACTIVE' or status == 'ENTERING' then
    local till = tonumber(redis.call('ZSCORE', active, account)) or 0 -- earlier than until_ms when the fan stays away
    if till <= now and not (sparing and tonumber(until_ms) > now) then status = 'EXPIRED' end
  end
  return tonumber(number), status, tonumber(until_ms), tonumber(latest), tonumber(remaining)
end

local function write_place(account, number, status, until_ms, latest, remaining)
  redis.call('HSET', places, account,
    string.format('%.0f %s %.0f %.0f %.0f', number, status, until_ms, latest, remaining or 0))
end

-- Heartbeats are kept by number, which is shorter than an account; before the draw by "d" and the ticket.
local function beat_of(number, ticket)
  return ticket and 'd' .. string.format('%.0f', ticket) or number
end

-- Out of the line or out of the shop; a slot is free again.
local function depart(account, number, ticket)
  if redis.call('ZREM', active, account) == 1 then redis.call('HINCRBY', settings, 'departed', 1) end
  if redis.call('ZREM', waiting, account) + redis.call('ZREM', early, account) > 0 then
    redis.call('ZREM', seen, beat_of(number, ticket))
  end
end

-- The place is over. What became of it is remembered for a while.
local function finish(account, number, status, ticket)
  local _, _, until_ms, latest, remaining = place_of(account)
  depart(account, number, ticket)
  write_place(account, number, status, until_ms or 0, latest or 0, remaining)
  redis.call('ZADD', ended, now, account)
end

-- As if the account had never been here.
local function forget(account, number, ticket)
  depart(account, number, ticket)
  redis.call('ZREM', ended, account)
  redis.call('HDEL', places, account)
end

-- The fan is there: a place in the line is kept, and so is a slot until its time is over.
local function hear_of(account, number, status, until_ms, ticket)
  if status == 'WAITING' then
    redis.call('ZADD', seen, now, beat_of(number, ticket))
  elseif status == 'ACTIVE' then
    redis.call('ZADD', active, 'GT', math.min(until_ms, now + grace), account)
  end
end

local function let_in(account, number, by, limit)
  local active_ms = figure('active_ms')
  local till, latest = now + active_ms, now + math.max(figure('longest_ms'), active_ms)
  redis.call('ZADD', active, math.min(till, now + grace), account)
  redis.call('ZADD', recent, now, number)
  write_place(account, number, 'ENTERING', till, latest)
  local entry = cjson.encode({ number = number, account = account, at = now, ['until'] = till, by = by,
    active_after = redis.call('ZCARD', active), limit_then = limit })
  redis.call('ZADD', journal, number, entry) -- holds each admission until its row is in PostgreSQL
  return entry
end

-- A new number (or draw ticket); nil when PostgreSQL has promised no more to this room. So none is given twice after a loss.
local function next_number()
  local counter, ceiling = tonumber(known[16]), tonumber(known[17])
  if counter >= ceiling then return nil, ceiling end
  return redis.call('HINCRBY', settings, 'counter', 1)
end

-- The answer of every verb about a place: see backends/reply.py. The room's figures are one text, the same for all between
-- two ticks, so that whoever asks takes it apart once.
local function answer(account, number, status, until_ms, ticket, is_new)
  for i = 1, FIGURES do known[i] = known[i] or '' end
  local figures = table.concat(known, ' ', 1, FIGURES)
  if not status then return { now, figures } end
  if status == 'ENTERING' then status, until_ms = 'WAITING', 0 end
  local ahead = status ~= 'WAITING' and 0 or ticket and -1 or redis.call('ZRANK', waiting, account) or 0
  return { now, figures, status, number, ticket or 0, until_ms, is_new and 1 or 0, ahead }
end
