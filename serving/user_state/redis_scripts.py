"""What Redis does in one step: nobody sees half of it, and a crash leaves all of it or nothing."""

# Writes a record where its version is still the expected one, in the place of the live events too,
# which it holds; tells whether it was. KEYS: record, users with live events. ARGV: version, new
# version, record, user id, seconds to keep counts, then for each count of the items its key, field
# and number.
COMPARE_AND_SET = """
local found = redis.call('HGET', KEYS[1], 'version') or '0'
if found ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3], 'live', 0)
redis.call('SREM', KEYS[2], ARGV[4])
local kept
for at = 6, #ARGV, 3 do
  redis.call('HINCRBY', ARGV[at], ARGV[at + 1], ARGV[at + 2])
  if ARGV[at] ~= kept then
    kept = ARGV[at]
    redis.call('EXPIRE', kept, ARGV[5])
  end
end
return 1
"""

# Lays live events beside records, which are neither read nor written anew; gives the number that
# each has yet to fold. KEYS: users with live events, then the records. ARGV: for each record user
# id, bytes, number.
APPEND = """
local live = {}
for at = 2, #KEYS do
  local user, bytes, number = unpack(ARGV, 3 * at - 5, 3 * at - 3)
  local found = redis.call('HMGET', KEYS[at], 'version', 'live')
  local version, before = (found[1] or 0) + 1, tonumber(found[2] or 0)
  live[at - 1] = before + number
  redis.call('HSET', KEYS[at], 'version', version, 'live', live[at - 1], version, bytes)
  if before == 0 then redis.call('SADD', KEYS[1], user) end
end
return live
"""
