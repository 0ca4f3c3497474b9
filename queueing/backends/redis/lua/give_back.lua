-- The payment failed: the fan has again what was left of his active time when he began to pay.  ARGV[3]: the number.
-- Answers the new end of the active time and whether the slot had been given up meanwhile; nothing when there is none to give.
local account = ARGV[2]
local number, status, _, latest, remaining = place_of(account)
if number ~= tonumber(ARGV[3]) or (status ~= 'ACTIVE' and status ~= 'EXPIRED') then return {} end
local till = math.min(now + remaining, latest)
if till <= now then return {} end
redis.call('ZREM', ended, account)
redis.call('ZADD', active, math.min(till, now + grace), account)
write_place(account, number, 'ACTIVE', till, latest)
return { till, status == 'EXPIRED' and 1 or 0 }
