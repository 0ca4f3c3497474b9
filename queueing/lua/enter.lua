-- Take a place at the end, or find the one that the account has.
local account = ARGV[2]
if state == 'OFF' then return { state } end
local number, status, until_ms = place_of(account)
if status == 'ACTIVE' then return answer(account, number, status, until_ms) end
if state == 'CLOSED' then return { state } end
if status == 'WAITING' then
  redis.call('ZADD', seen, now, account)
  return answer(account, number, status, until_ms)
end

-- PostgreSQL has promised the numbers up to the ceiling to this room, so that none is given twice after a loss.
local ceiling = figure('ceiling')
if figure('counter') >= ceiling then return { 'EXHAUSTED', ceiling } end
forget(account) -- a place that is over
number = redis.call('HINCRBY', settings, 'counter', 1)
redis.call('ZADD', waiting, number, account)
redis.call('ZADD', seen, now, account)
return answer(account, number, 'WAITING', 0, true)
