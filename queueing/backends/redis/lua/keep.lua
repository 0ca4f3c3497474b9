-- Keep the slot until ARGV[4] (ms), at most until the room's longest time; never shortens.  ARGV[3]: the number of the place.
-- What was left of the active time is remembered, for the case that the payment fails.
local account = ARGV[2]
local number, status, until_ms, latest, remaining = place_of(account)
if number ~= tonumber(ARGV[3]) or status ~= 'ACTIVE' then return 0 end
local kept = math.max(until_ms, math.min(tonumber(ARGV[4]), latest))
redis.call('ZADD', active, kept, account)
write_place(account, number, 'ACTIVE', kept, latest, remaining > 0 and remaining or until_ms - now)
return kept
