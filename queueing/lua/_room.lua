-- What every verb stands on: the room's keys, the time, and an account's place. Put before each verb's script.
-- KEYS: always these nine.  ARGV[1]: the time in ms when a test passes it, else empty.  ARGV[2]: mostly the account.
local settings, waiting, seen, active, places, ended, recent, samples, journal =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]

local clock = redis.call('TIME')
local now = tonumber(ARGV[1]) or clock[1] * 1000 + math.floor(clock[2] / 1000)
local state = redis.call('HGET', settings, 'state')
if not state then return 'MISSING' end -- wiped, or never asked for: the caller loads it from PostgreSQL

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

-- The place is over, and a slot that it had is free again. What became of it is remembered for a while.
local function finish(account, number, status)
  if redis.call('ZREM', active, account) == 1 then redis.call('HINCRBY', settings, 'departed', 1) end
  redis.call('ZREM', waiting, account)
  redis.call('ZREM', seen, account)
  write_place(account, number or 0, status, 0, 0)
  redis.call('ZADD', ended, now, account)
end

-- As if the account had never been here; its slot, if it had one, is free again.
local function forget(account)
  if redis.call('ZREM', active, account) == 1 then redis.call('HINCRBY', settings, 'departed', 1) end
  redis.call('ZREM', waiting, account)
  redis.call('ZREM', seen, account)
  redis.call('ZREM', ended, account)
  redis.call('HDEL', places, account)
end

-- The answer of every verb about a place: the room's state, the place, and what its outlook is computed from.
local function answer(account, number, status, until_ms, is_new)
  if not number then return { state } end
  local ahead = status == 'WAITING' and redis.call('ZRANK', waiting, account) or 0
  local outlook = redis.call('HMGET', settings, 'max_active', 'per_minute', 'grace_ms', 'opens_at',
    'slots', 'pace', 'departed_lately', 'busy_lately')
  return { state, number, status, until_ms, is_new and 1 or 0, ahead, now, unpack(outlook) }
end
