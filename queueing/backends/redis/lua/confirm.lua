-- PostgreSQL has the rows of these admissions (ARGV[2..], as in the journal): now their fans may see themselves in.
for i = 2, #ARGV do
  local entry = cjson.decode(ARGV[i])
  local number, status, until_ms, latest = place_of(entry.account)
  if number == entry.number and status == 'ENTERING' then
    write_place(entry.account, number, 'ACTIVE', until_ms, latest)
  end
  redis.call('ZREM', journal, ARGV[i])
end
return 1
