-- The account's place, asked for by the gate: keeps who is in and buys, but nobody who waits.
local account = ARGV[2]
local number, status, until_ms, _, _, ticket = place_of(account)
if status == 'ACTIVE' then hear_of(account, number, status, until_ms) end
return answer(account, number, status, until_ms, ticket)
