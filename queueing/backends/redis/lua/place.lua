-- The account's place; asking is also the heartbeat that keeps it.
local account = ARGV[2]
local number, status, until_ms, _, _, ticket = place_of(account)
if status then hear_of(account, number, status, until_ms, ticket) end
return answer(account, number, status, until_ms, ticket)
