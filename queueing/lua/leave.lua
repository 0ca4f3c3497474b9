-- Give the place up. Says whether there was one to give up.
local account = ARGV[2]
local number, status = place_of(account)
if not number then return 0 end
forget(account, number)
return (status == 'WAITING' or status == 'ACTIVE') and 1 or 0
