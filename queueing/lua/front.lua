-- What anyone may know of the room.
local told = redis.call('HMGET', settings, 'served', 'pace', 'opens_at', 'announcement')
return { state, redis.call('ZCARD', waiting), redis.call('ZCARD', active), unpack(told) }
