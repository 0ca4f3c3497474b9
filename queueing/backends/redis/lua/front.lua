-- What anyone may know of the room.
local told = redis.call('HMGET', settings, 'served', 'announcement', 'line', 'stock', 'slowed_by')
return { answer(), redis.call('ZCARD', waiting) + redis.call('ZCARD', early), redis.call('ZCARD', active), unpack(told) }
