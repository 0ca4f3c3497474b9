-- The fan has paid: the slot is free again.  ARGV[3]: the number of the place that was paid under.
-- A hold may be paid after the active time is over, so an EXPIRED place becomes USED as well. Another number is another place.
local account = ARGV[2]
local number, status = place_of(account)
if number ~= tonumber(ARGV[3]) or (status ~= 'ACTIVE' and status ~= 'EXPIRED') then return 0 end
finish(account, number, 'USED')
return 1
