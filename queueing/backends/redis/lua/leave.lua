-- Give the place up. Says what there was to give up.
local account = ARGV[2]
local number, status, _, _, _, ticket = place_of(account)
if not number then return {} end
forget(account, number, ticket)
return { status == 'ENTERING' and 'ACTIVE' or status, number }
