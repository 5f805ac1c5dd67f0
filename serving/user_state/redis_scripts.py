"""What Redis does in one step: nobody sees half of it, and a crash leaves all of it or nothing."""

# Writes a record where its version is still the expected one; tells whether it was.
# KEYS: record, users with live events. ARGV: version, new version, record, user id, seconds to keep
# counts, then for each count of the items its key, field and number.
COMPARE_AND_SET = """
local found = redis.call('HGET', KEYS[1], 'version') or '0'
if found ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3], 'live', 0)
redis.call('SREM', KEYS[2], ARGV[4])
for at = 6, #ARGV, 3 do
  redis.call('HINCRBY', ARGV[at], ARGV[at + 1], ARGV[at + 2])
  redis.call('EXPIRE', ARGV[at], ARGV[5])
end
return 1
"""

# Appends live events to records; gives the number that each has yet to fold.
# KEYS: users with live events, then the records. ARGV: for each record user id, bytes, number.
APPEND = """
local live = {}
for at = 2, #KEYS do
  local user, bytes, number = unpack(ARGV, 3 * at - 5, 3 * at - 3)
  local record = redis.call('HGET', KEYS[at], 'record') or ''
  redis.call('HSET', KEYS[at], 'record', record .. bytes)
  redis.call('HINCRBY', KEYS[at], 'version', 1)
  live[at - 1] = redis.call('HINCRBY', KEYS[at], 'live', number)
  redis.call('SADD', KEYS[1], user)
end
return live
"""
