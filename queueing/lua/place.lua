-- The account's place; asking is also the heartbeat that keeps a waiting one.
local account = ARGV[2]
local number, status, until_ms = place_of(account)
if status == 'WAITING' then hear_of(number) end
return answer(account, number, status, until_ms)
