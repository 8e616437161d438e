-- The counters of the ledger in Redis: one call is one step, whatever the number of its limits.
--
-- A counter is a hash: slot -> amount, `t` the total of all slots, `n` when the oldest of them leaves. What open exchanges hold
-- lies in one hash by their ids; a sorted set knows when each expires. All keys of a scope have one hash tag, so that they are
-- on one node of a cluster; counters of expired exchanges are found by what those hold.
-- Times are microseconds since the epoch. Numbers are written without exponents, which Redis does not read.

local HELD, OPEN = KEYS[1], KEYS[2]
local op, exchange, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
-- how many expired exchanges one call gives back
local EXPIRED = 64
local SLOTS = 64
local SECOND = 1000000

local function text(number) return string.format('%.0f', number) end

-- Windows: s(liding) and f(ixed) of a length, c(alendar) by the bounds of the periods around now, o(pen): until it is given back.
local function window(kind, spec)
  if kind == 's' then
    local length = tonumber(spec)
    local width = math.ceil(length / SLOTS)
    return { length = length, slot = math.floor(now / width), width = width, stay = length }
  elseif kind == 'f' then
    local length = tonumber(spec)
    return { length = length, slot = math.floor(now / length), width = length, stay = 0 }
  elseif kind == 'o' then
    return { length = SECOND, slot = 0, open = true }
  end
  local w = { ends = {} }
  local last
  for bound in string.gmatch(spec, '%d+') do
    bound = tonumber(bound)
    if last then
      w.ends[last] = bound
      if last <= now and now < bound then w.slot, w.length = last, bound - now end
    end
    last = bound
  end
  -- a clock that is further off than a whole period: the pair's own present has to do
  if not w.slot then w.slot, w.ends[last], w.length = last, now + SECOND, SECOND end
  return w
end

local function leaves(w, slot)
  if w.open then return math.huge end
  if w.ends then return w.ends[slot] or 0 end
  return (slot + 1) * w.width + w.stay
end

-- The live slots of a counter, oldest first, as {slot, amount}; those that have left are dropped.
local function live(key, w)
  local all, slots = redis.call('HGETALL', key), {}
  for i = 1, #all, 2 do
    local slot = tonumber(all[i])
    if slot then
      if leaves(w, slot) <= now then redis.call('HDEL', key, all[i])
      else slots[#slots + 1] = { slot, tonumber(all[i + 1]) } end
    end
  end
  table.sort(slots, function(a, b) return a[1] < b[1] end)
  return slots
end

-- Counts anew; gives the total, and when the oldest amount leaves (0: there is none).
local function recount(key, w)
  local slots, total = live(key, w), 0
  for _, slot in ipairs(slots) do total = total + slot[2] end
  local next = slots[1] and leaves(w, slots[1][1]) or 0
  if next == math.huge then next = 9e15 end
  if slots[1] then redis.call('HSET', key, 't', text(total), 'n', text(next)) else redis.call('DEL', key) end
  return total, next
end

local function total(key, w)
  local kept = redis.call('HMGET', key, 't', 'n')
  local sum, next = tonumber(kept[1] or '0'), tonumber(kept[2] or '0')
  if next > 0 and now >= next then return recount(key, w) end
  return sum, next
end

-- How long until no more than `most` is held.
local function until_at_most(key, w, most)
  local slots, held = live(key, w), 0
  for _, slot in ipairs(slots) do held = held + slot[2] end
  for _, slot in ipairs(slots) do
    held = held - slot[2]
    if held <= most then return leaves(w, slot[1]) - now end
  end
  return 0
end

local function answer(key, w, amount, most)
  local held, next = total(key, w)
  local left = math.max(0, most - held)
  if held + amount <= most then
    local reset = 0
    if next > 0 then reset = next - now elseif amount > 0 then reset = leaves(w, w.slot) - now end
    if w.open then reset = 0 end
    return { 1, left - amount, reset }, next
  end
  if w.open or amount > most then return { 0, left, w.length } end
  return { 0, left, until_at_most(key, w, most - amount) }
end

-- What a counter must at least be kept for, in milliseconds.
local function keep(key, w, slot)
  local span = w.open and ttl or leaves(w, slot) - now
  redis.call('PEXPIRE', key, text(math.ceil(span / 1000) + 1000))
end

-- `next` is when the oldest amount leaves, as `total` told.
local function add(key, w, amount, next)
  if amount == 0 then return end
  local held = redis.call('HINCRBY', key, text(w.slot), text(amount))
  redis.call('HINCRBY', key, 't', text(amount))
  if next == 0 then redis.call('HSET', key, 'n', text(math.min(leaves(w, w.slot), 9e15))) end
  -- a slot that was there before has said already how long it is kept
  if held == amount or w.open then keep(key, w, w.slot) end
end

-- Puts `real` in the place of what a part reserved, unless its slot has left.
-- A part: {key, slot, amount, when its slot leaves, unit, remaining, reset, kind, spec}
local function replace(part, real)
  local key, slot, reserved = part[1], part[2], part[3]
  if part[4] <= now then return end
  local was = tonumber(redis.call('HGET', key, text(slot)) or '0')
  local new = math.max(0, was - reserved) + real
  if new == was then return end
  if new == 0 then redis.call('HDEL', key, text(slot)) else redis.call('HSET', key, text(slot), text(new)) end
  if new == 0 or was == 0 then
    local w = window(part[8], part[9])
    recount(key, w)
    if new > 0 then keep(key, w, slot) end
  else
    redis.call('HINCRBY', key, 't', text(new - was))
  end
end

local function close(id, actual)
  local packed = redis.call('HGET', HELD, id)
  if not packed then return end
  redis.call('HDEL', HELD, id)
  redis.call('ZREM', OPEN, id)
  for _, part in ipairs(cmsgpack.unpack(packed)) do replace(part, actual[part[5]] or 0) end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', OPEN, '-inf', text(now), 'LIMIT', 0, EXPIRED)) do close(id, {}) end

if op == 'settle' then
  local actual = {}
  for i = 5, #ARGV, 2 do actual[ARGV[i]] = tonumber(ARGV[i + 1]) end
  close(exchange, actual)
  return {}
end

local packed = op == 'reserve' and redis.call('HGET', HELD, exchange)
local parts = packed and cmsgpack.unpack(packed) or {}
local told, new = {}, false
for i = 3, #KEYS do
  local key, at = KEYS[i], 5 + (i - 3) * 5
  local kind, spec, unit = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local amount, most = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if op == 'reset' then
    redis.call('DEL', key)
  else
    local grant
    for _, part in ipairs(parts) do
      if part[1] == key then grant = { 1, part[6], part[7] } end
    end
    if not grant then
      local w = window(kind, spec)
      local next
      grant, next = answer(key, w, amount, most)
      if op == 'reserve' and grant[1] == 1 then
        add(key, w, amount, next)
        local gone = math.min(leaves(w, w.slot), 9e15)
        parts[#parts + 1] = { key, w.slot, amount, gone, unit, grant[2], grant[3], kind, spec }
        new = true
      end
    end
    for _, number in ipairs(grant) do told[#told + 1] = text(number) end
    if grant[1] == 0 then break end
  end
end
if new then
  redis.call('HSET', HELD, exchange, cmsgpack.pack(parts))
  redis.call('ZADD', OPEN, text(now + ttl), exchange)
  local keep_for = text(math.ceil(ttl / 500))
  redis.call('PEXPIRE', HELD, keep_for)
  redis.call('PEXPIRE', OPEN, keep_for)
end
return told
