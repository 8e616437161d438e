-- The counters of the ledger in Redis: one call is one step, whatever the number of its limits.
--
-- A counter is one packed list, for each call to Redis costs more than all that is done here: the total, when its oldest amount
-- leaves (0: there is none), then slot and amount, slot and amount, oldest first. What open exchanges hold lies in one hash by
-- their ids; a sorted set knows when each expires. All keys of a scope have one hash tag, so that they are on one node of a
-- cluster; counters of expired exchanges are found by what those hold.
-- Times are microseconds since the epoch, whole numbers below 1e17, which Redis is given as such.

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
-- where a counter's slots begin
local FIRST = 3
-- so many fields of a part, which is what an exchange holds of one counter:
-- key, slot, amount, unit, kind and spec of the window, remaining, reset
local PART = 8
-- in the hash, beside the exchanges: until when it and the set are kept
local KEPT = ''

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

-- Far enough for what never leaves, and still a whole number.
local NEVER = 9e15

local function leaves(w, slot)
  if w.open then return NEVER end
  if w.ends then return w.ends[slot] or 0 end
  return (slot + 1) * w.width + w.stay
end

-- A counter as it was written; what has left since is dropped.
local function read(packed, w)
  local counter = packed and cmsgpack.unpack(packed) or { 0, 0 }
  while counter[FIRST] and counter[2] <= now do
    counter[1] = counter[1] - counter[FIRST + 1]
    table.remove(counter, FIRST)
    table.remove(counter, FIRST)
    counter[2] = counter[FIRST] and leaves(w, counter[FIRST]) or 0
  end
  return counter
end

-- Keeps a counter for as long as it holds anything; `known`: it was kept for its last slot already.
local function write(key, counter, w, known)
  if #counter < FIRST then
    redis.call('DEL', key)
  elseif known and not w.open then
    redis.call('SET', key, cmsgpack.pack(counter), 'KEEPTTL')
  else
    local span = w.open and ttl or math.max(0, leaves(w, counter[#counter - 1]) - now)
    redis.call('SET', key, cmsgpack.pack(counter), 'PX', math.ceil(span / 1000) + 1000)
  end
end

-- Adds to a slot, or takes away; a slot that holds nothing is none.
local function add(counter, w, slot, amount)
  local at = #counter - 1
  while at >= FIRST and counter[at] > slot do at = at - 2 end
  if at < FIRST or counter[at] ~= slot then
    at = at + 2
    table.insert(counter, at, 0)
    table.insert(counter, at, slot)
  end
  counter[at + 1] = counter[at + 1] + amount
  if counter[at + 1] == 0 then
    table.remove(counter, at)
    table.remove(counter, at)
  end
  counter[1] = counter[1] + amount
  counter[2] = counter[FIRST] and leaves(w, counter[FIRST]) or 0
end

local function held(counter, slot)
  for at = #counter - 1, FIRST, -2 do
    if counter[at] == slot then return counter[at + 1] end
  end
  return 0
end

-- How long until no more than `most` is held.
local function until_at_most(counter, w, most)
  local rest = counter[1]
  for at = FIRST, #counter, 2 do
    rest = rest - counter[at + 1]
    if rest <= most then return leaves(w, counter[at]) - now end
  end
  return 0
end

-- Whether an amount is granted, what remains, and how long until there is more.
local function answer(counter, w, amount, most)
  local left = math.max(0, most - counter[1])
  if counter[1] + amount <= most then
    local next = counter[2]
    if next == 0 and amount > 0 then next = leaves(w, w.slot) end
    return true, left - amount, (w.open or next == 0) and 0 or next - now
  end
  if w.open or amount > most then return false, left, w.length end
  return false, left, until_at_most(counter, w, most - amount)
end

-- Puts what was really used in the place of what an exchange reserved, where that has not left.
local function close(id, packed, actual)
  redis.call('HDEL', HELD, id)
  redis.call('ZREM', OPEN, id)
  local parts, keys = cmsgpack.unpack(packed), {}
  for at = 1, #parts, PART do keys[#keys + 1] = parts[at] end
  local counters = redis.call('MGET', unpack(keys))
  for i, key in ipairs(keys) do
    local at = (i - 1) * PART
    local slot, reserved, unit = parts[at + 2], parts[at + 3], parts[at + 4]
    local w = window(parts[at + 5], parts[at + 6])
    if leaves(w, slot) > now then
      local counter = read(counters[i], w)
      local was = held(counter, slot)
      local change = math.max(0, was - reserved) + (actual[unit] or 0) - was
      if change ~= 0 then
        add(counter, w, slot, change)
        write(key, counter, w)
      end
    end
  end
end

local function expire()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', OPEN, '-inf', now, 'LIMIT', 0, EXPIRED)) do
    local packed = redis.call('HGET', HELD, id)
    if packed then close(id, packed, {}) else redis.call('ZREM', OPEN, id) end
  end
end

local function settle()
  local packed = redis.call('HGET', HELD, exchange)
  if not packed then return end
  local actual = {}
  for i = 5, #ARGV, 2 do actual[ARGV[i]] = tonumber(ARGV[i + 1]) end
  close(exchange, packed, actual)
end

-- Notes what an exchange holds. The hash and the set are kept for twice as long as any of it can be open, which is written
-- again only once half of that has passed; what stands in them for it lets neither become empty, and so forget.
local function note(parts, kept)
  if not kept or kept < now + ttl then
    local till, span = now + 2 * ttl, math.ceil(2 * ttl / 1000) + 1000
    redis.call('HSET', HELD, exchange, cmsgpack.pack(parts), KEPT, till)
    redis.call('ZADD', OPEN, now + ttl, exchange, '+inf', KEPT)
    redis.call('PEXPIRE', HELD, span)
    redis.call('PEXPIRE', OPEN, span)
  else
    redis.call('HSET', HELD, exchange, cmsgpack.pack(parts))
    redis.call('ZADD', OPEN, now + ttl, exchange)
  end
end

-- What the exchange has been granted of a counter before.
local function granted(parts, key)
  for at = 1, #parts, PART do
    if parts[at] == key then return parts[at + 6], parts[at + 7] end
  end
end

-- The answers to a step, up to the first that is no.
local function ask(reserves)
  local keys, parts, told, kept, new = {}, {}, {}, nil, false
  for i = FIRST, #KEYS do keys[#keys + 1] = KEYS[i] end
  local counters = redis.call('MGET', unpack(keys))
  if reserves then
    local noted = redis.call('HMGET', HELD, exchange, KEPT)
    if noted[1] then parts = cmsgpack.unpack(noted[1]) end
    kept = tonumber(noted[2])
  end
  for i, key in ipairs(keys) do
    local at = 5 * i
    local remaining, reset = granted(parts, key)
    local yes = remaining ~= nil
    if not yes then
      local kind, spec, unit = ARGV[at], ARGV[at + 1], ARGV[at + 2]
      local amount, w = tonumber(ARGV[at + 3]), window(kind, spec)
      local counter = read(counters[i], w)
      yes, remaining, reset = answer(counter, w, amount, tonumber(ARGV[at + 4]))
      if yes and reserves then
        if amount ~= 0 then
          local known = counter[#counter - 1] == w.slot
          add(counter, w, w.slot, amount)
          write(key, counter, w, known)
        end
        local n = #parts
        parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4] = key, w.slot, amount, unit
        parts[n + 5], parts[n + 6], parts[n + 7], parts[n + 8] = kind, spec, remaining, reset
        new = true
      end
    end
    at = 3 * i
    told[at - 2], told[at - 1], told[at] = yes and 1 or 0, remaining, reset
    if not yes then break end
  end
  if new then note(parts, kept) end
  return told
end

expire()
if op == 'settle' then
  settle()
elseif op == 'reset' then
  for i = FIRST, #KEYS do redis.call('DEL', KEYS[i]) end
else
  return ask(op == 'reserve')
end
return {}
