-- Take over the room's settings from PostgreSQL, unless newer ones are here. Runs without _room.lua.
-- KEYS[1]: settings.  ARGV: version, high water, then names and values.  Version 0: there is no such room; asked again after a minute.
local version = tonumber(ARGV[1])
local known = tonumber(redis.call('HGET', KEYS[1], 'version'))
if not known or known < version then
  redis.call('HSET', KEYS[1], 'version', version, unpack(ARGV, 3))
  if version == 0 then
    redis.call('EXPIRE', KEYS[1], 60)
  else
    redis.call('PERSIST', KEYS[1])
    redis.call('HSETNX', KEYS[1], 'counter', ARGV[2])
    redis.call('HSETNX', KEYS[1], 'ceiling', ARGV[2])
  end
end
return redis.call('HMGET', KEYS[1], 'counter', 'ceiling')
