-- The draw gave numbers.  ARGV[2..]: account, ticket, number, and so on. Who has left meanwhile stays away.
for i = 2, #ARGV, 3 do
  local account, ticket, number = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if tonumber(redis.call('ZSCORE', early, account)) == ticket then
    local heard = redis.call('ZSCORE', seen, beat_of(0, ticket)) or now
    depart(account, 0, ticket)
    redis.call('ZADD', waiting, number, account)
    redis.call('ZADD', seen, heard, number)
  end
end
return 1
