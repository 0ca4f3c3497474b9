-- The account's place, asked for by somebody else (the gate): changes nothing.
local account = ARGV[2]
local number, status, until_ms = place_of(account)
return answer(account, number, status, until_ms)
