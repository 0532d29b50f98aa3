-- Appends events to a stream until it is full and answers how many it took, in their order.
-- KEYS[1] the stream; ARGV[1] how many entries it holds at most; then key and event of each.
--
-- A full stream loses its oldest entries, but only those that every group has acknowledged: MINID and
-- not MAXLEN, which knows of no acknowledgement. Some are taken out at once, so that not every append
-- has to look.

local stream, most = KEYS[1], tonumber(ARGV[1])

local function parts(id)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return tonumber(ms), tonumber(seq)
end

local function smaller(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  return (a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)) and a or b
end

local function after(id)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return ms .. '-' .. string.format('%.0f', tonumber(seq) + 1)
end

-- The first entry a group still needs: its oldest pending one, or the one after the last delivered.
local function needed_by(group)
  local fields = {}
  for n = 1, #group, 2 do
    fields[group[n]] = group[n + 1]
  end
  if fields['pending'] > 0 then
    return redis.call('XPENDING', stream, fields['name'])[2]
  end
  return after(fields['last-delivered-id'])
end

-- Everything before it was acknowledged by all groups; without a group nothing was.
local function first_needed()
  local first
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local needed = needed_by(group)
    first = first and smaller(first, needed) or needed
  end
  return first or '0-0'
end

local function make_room(length)
  local surplus = length - most + math.max(1, math.floor(most / 100))
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', surplus + 1)
  local first = first_needed()
  if #oldest > surplus then
    first = smaller(first, oldest[surplus + 1][1])
  end
  return length - redis.call('XTRIM', stream, 'MINID', first)
end

local length = redis.call('XLEN', stream)
local taken = 0
for n = 2, #ARGV, 2 do
  if length >= most then
    length = make_room(length)
    if length >= most then
      break
    end
  end
  redis.call('XADD', stream, '*', 'key', ARGV[n], 'event', ARGV[n + 1])
  length = length + 1
  taken = taken + 1
end
return taken
