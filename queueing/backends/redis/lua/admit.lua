-- Let in by hand, beyond the limits.  ARGV[2]: one account, or empty for the next ARGV[4] of the line.  ARGV[3]: by whom.
-- ARGV[5]: names the call. Whose answer was lost asks again, and gets it: nobody more is let in.
local by, limit, call = ARGV[3], figure('max_active'), ARGV[5]
if redis.call('HGET', settings, 'by_hand') == call then return cjson.decode(redis.call('HGET', settings, 'let_in')) end
local function done(told)
  redis.call('HSET', settings, 'by_hand', call, 'let_in', cjson.encode(told))
  return told
end
if state == 'OFF' or state == 'BEFORE_OPENING' then return { state } end
if ARGV[2] ~= '' then
  local account = ARGV[2]
  local number, status, _, _, _, ticket = place_of(account)
  if status == 'ACTIVE' or status == 'ENTERING' then return { state } end
  if status ~= 'WAITING' or ticket then
    local given, ceiling = next_number()
    if not given then return { 'EXHAUSTED', ceiling } end
    if number then forget(account, number, ticket) end
    number = given
  end
  depart(account, number)
  return done({ state, let_in(account, number, by, limit) })
end
local told, served = { state }, figure('served')
local line = redis.call('ZRANGE', waiting, 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
for i = 1, #line, 2 do
  depart(line[i], tonumber(line[i + 1]))
  told[#told + 1] = let_in(line[i], tonumber(line[i + 1]), by, limit)
  served = math.max(served, tonumber(line[i + 1]))
end
redis.call('HSET', settings, 'served', served)
return done(told)
