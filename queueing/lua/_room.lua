-- What every verb stands on: the room's keys, the time, and an account's place. Put before each verb's script.
-- KEYS: always these nine.  ARGV[1]: the time in ms when a test passes it, else empty.  ARGV[2]: mostly the account.
local settings, waiting, seen, active, places, ended, recent, samples, journal =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]

local known = redis.call('HMGET', settings, 'state', 'max_active', 'per_minute', 'grace_ms', 'opens_at',
  'slots', 'pace', 'departed_lately', 'busy_lately')
local state = known[1]
if not state then return 'MISSING' end -- wiped, or never asked for: the caller loads it from PostgreSQL
local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)

local function figure(name)
  return tonumber(redis.call('HGET', settings, name)) or 0
end

-- An account's number, status, end of its active time and the latest that this may become (ms).
-- The time decides about ACTIVE, whether or not a tick has come by.
local function place_of(account)
  local waits = redis.call('ZSCORE', waiting, account)
  if waits then return tonumber(waits), 'WAITING', 0, 0 end
  local entry = redis.call('HGET', places, account)
  if not entry then return nil end
  local number, status, until_ms, latest = string.match(entry, '^(%d+) (%u+) (%d+) (%d+)$')
  if status == 'ACTIVE' and tonumber(until_ms) <= now then status = 'EXPIRED' end
  return tonumber(number), status, tonumber(until_ms), tonumber(latest)
end

local function write_place(account, number, status, until_ms, latest)
  redis.call('HSET', places, account, string.format('%.0f %s %.0f %.0f', number, status, until_ms, latest))
end

-- Out of the line or out of the shop; a slot is free again.
local function depart(account, number)
  if redis.call('ZREM', active, account) == 1 then redis.call('HINCRBY', settings, 'departed', 1) end
  if redis.call('ZREM', waiting, account) == 1 then redis.call('ZREM', seen, number) end
end

-- The place is over. What became of it is remembered for a while.
local function finish(account, number, status)
  depart(account, number)
  write_place(account, number, status, 0, 0)
  redis.call('ZADD', ended, now, account)
end

-- As if the account had never been here.
local function forget(account, number)
  depart(account, number)
  redis.call('ZREM', ended, account)
  redis.call('HDEL', places, account)
end

-- The heartbeats are kept by number, which is shorter than an account.
local function hear_of(number)
  redis.call('ZADD', seen, now, number)
end

-- The answer of every verb about a place: the room's state, the place, and what its outlook is computed from.
local function answer(account, number, status, until_ms, is_new)
  if not number then return { state } end
  local ahead = status == 'WAITING' and redis.call('ZRANK', waiting, account) or 0
  return { state, number, status, until_ms, is_new and 1 or 0, ahead, now, unpack(known, 2, 9) }
end
