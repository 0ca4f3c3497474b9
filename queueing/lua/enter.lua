-- Take a place at the end, or find the one that the account has.
local account = ARGV[2]
if state == 'OFF' then return { state } end
local number, status, until_ms = place_of(account)
if status == 'ACTIVE' then return answer(account, number, status, until_ms) end
if state == 'CLOSED' then return { state } end
if status == 'WAITING' then
  hear_of(number)
  return answer(account, number, status, until_ms)
end

-- PostgreSQL has promised the numbers up to the ceiling to this room, so that none is given twice after a loss.
local counter, ceiling = unpack(redis.call('HMGET', settings, 'counter', 'ceiling'))
if tonumber(counter) >= tonumber(ceiling) then return { 'EXHAUSTED', tonumber(ceiling) } end
if number then forget(account, number) end -- a place that is over
number = redis.call('HINCRBY', settings, 'counter', 1)
redis.call('ZADD', waiting, number, account)
hear_of(number)
return answer(account, number, 'WAITING', 0, true)
