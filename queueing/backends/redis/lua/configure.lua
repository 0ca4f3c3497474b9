-- Take over the room's settings from PostgreSQL, unless newer ones are here. Runs without _room.lua.
-- ARGV: version, highest number promised, number that the next must be above, by PostgreSQL (JSON) who is in and who was let
-- in lately, then names and values.  Version 0: there is no such room; asked again after a minute.
local settings, active, places, recent = KEYS[1], KEYS[4], KEYS[5], KEYS[7]
local version = tonumber(ARGV[1])
local known = tonumber(redis.call('HGET', settings, 'version'))
if not known or known < version then
  redis.call('HSET', settings, 'version', version, unpack(ARGV, 5))
  if version == 0 then
    redis.call('EXPIRE', settings, 60)
  else
    redis.call('PERSIST', settings)
    redis.call('HSETNX', settings, 'counter', ARGV[2])
    redis.call('HSETNX', settings, 'ceiling', ARGV[2])
  end
end
if version > 0 and (not known or known == 0) then -- what a loss has taken away
  local lost = cjson.decode(ARGV[4])
  for _, one in ipairs(lost.inside or {}) do
    redis.call('ZADD', active, 'NX', one[3], one[1])
    redis.call('HSETNX', places, one[1], string.format('%.0f ACTIVE %.0f %.0f 0', one[2], one[3], one[4]))
  end
  for _, one in ipairs(lost.recent or {}) do redis.call('ZADD', recent, one[2], one[1]) end
end
local counter = tonumber(redis.call('HGET', settings, 'counter'))
if counter and counter < tonumber(ARGV[3]) then redis.call('HSET', settings, 'counter', ARGV[3]) end
return redis.call('HMGET', settings, 'counter', 'ceiling')
