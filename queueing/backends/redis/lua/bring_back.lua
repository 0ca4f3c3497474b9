-- A place as it was before a loss, by what we have signed.  ARGV[3]: its number, or 0 with ARGV[4]: its draw ticket.
local account, number, ticket = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if state == 'OFF' then return answer() end
if not place_of(account) then
  if number > 0 then
    redis.call('ZADD', waiting, number, account)
    hear_of(account, number, 'WAITING', 0)
  else
    redis.call('ZADD', early, ticket, account)
    hear_of(account, 0, 'WAITING', 0, ticket)
  end
end
local number, status, until_ms, _, _, ticket = place_of(account)
return answer(account, number, status, until_ms, ticket)
