-- PostgreSQL has promised more numbers. Runs without _room.lua; safe to repeat and in any order.
-- KEYS[1]: settings.  ARGV: the new ceiling; after a restart that may have lost the last numbers also a floor that the
-- next number must be above, the server's run id, and the epoch that begins.
local counter, ceiling = unpack(redis.call('HMGET', KEYS[1], 'counter', 'ceiling'))
if not counter then return 0 end -- wiped meanwhile: whoever asks next loads it
redis.call('HSET', KEYS[1],
  'ceiling', math.max(tonumber(ceiling), tonumber(ARGV[1])),
  'counter', math.max(tonumber(counter), tonumber(ARGV[2] or 0)))
if ARGV[3] then redis.call('HSET', KEYS[1], 'run_id', ARGV[3], 'epoch', ARGV[4]) end
return 1
