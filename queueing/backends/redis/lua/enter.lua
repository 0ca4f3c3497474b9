-- Take a place at the end, or find the one that the account has.
-- ARGV[3]: 1 with a proof of work.  KEYS[11], ARGV[4..5]: an address may take so many new places at once, and one more
-- every so many ms.
local account = ARGV[2]
if state == 'OFF' then return answer() end
local number, status, until_ms, _, _, ticket = place_of(account)
if status == 'ACTIVE' or (status == 'WAITING' or status == 'ENTERING') and state ~= 'CLOSED' then
  hear_of(account, number, status, until_ms, ticket)
  return answer(account, number, status, until_ms, ticket)
end
if state == 'CLOSED' then return answer() end
if known[3] == '1' and ARGV[3] ~= '1' then return answer(account, 0, 'UNPROVEN', 0) end

local door = KEYS[11]
local used = 0
if door then
  local at_once, each = tonumber(ARGV[4]), tonumber(ARGV[5])
  used = math.max(tonumber(redis.call('GET', door) or now), now) + each
  if used - now > at_once * each then return answer(account, 0, 'REFUSED', math.ceil(used - now - at_once * each)) end
end
local given, ceiling = next_number()
if not given then return { 'EXHAUSTED', ceiling } end
if door then redis.call('SET', door, string.format('%.0f', used), 'PX', math.ceil(used - now)) end
if number then forget(account, number, ticket) end -- a place that is over
if state == 'BEFORE_OPENING' then
  redis.call('ZADD', early, given, account)
  hear_of(account, 0, 'WAITING', 0, given)
  return answer(account, 0, 'WAITING', 0, given, true)
end
redis.call('ZADD', waiting, given, account)
hear_of(account, given, 'WAITING', 0)
return answer(account, given, 'WAITING', 0, nil, true)
