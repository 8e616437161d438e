-- The counters of the ledger in Redis: one call is one step, whatever the number of its limits.
--
-- A counter is one packed list, for each call to Redis costs more than all that is done here: the total, when its oldest amount
-- leaves (0: there is none), then slot and amount, slot and amount, oldest first. What open exchanges hold lies in one hash by
-- their ids; a sorted set knows when each expires. All keys of a scope have one hash tag, so that they are on one node of a
-- cluster; counters of expired exchanges are found by what those hold.
-- Times are microseconds since the epoch, whole numbers below 1e17, which Redis is given as such.
--
-- A window is two numbers, `width` and `stay`: slots of that width, whose amounts stay for so long after their ends. A `width` of 0
-- is one slot, which never leaves; a list is the bounds of the calendar's periods around now.
local call, pack, unpacked, floor = redis.call, cmsgpack.pack, cmsgpack.unpack, math.floor

local HELD, OPEN = KEYS[1], KEYS[2]
local op, exchange, ttl, now = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if not now then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
end
-- how many expired exchanges one call gives back
local EXPIRED = 64
local SECOND = 1000000
-- far enough for what never leaves, and still a whole number
local NEVER = 9e15
-- where a counter's slots begin, and a step's counters among its keys
local FIRST = 3
-- so many fields of an ask: width, stay, unit, amount, most
local ASK = 5
-- so many fields of a part, which is what an exchange holds of one counter: key, slot, amount, unit, width, stay, and what it was told
local PART = 8
-- in the hash, beside the exchanges: until when it and the set are kept
local KEPT = ''

-- The slot of now, and how long the whole window is.
local function slot_now(width, stay)
  if width == 0 then return 0, SECOND end
  if type(width) == 'number' then return floor(now / width), stay > 0 and stay or width end
  for i = 1, #width - 1 do
    if width[i] <= now and now < width[i + 1] then return width[i], width[i + 1] - now end
  end
  -- a clock that is further off than a whole period: the pair's own present has to do
  return width[#width], SECOND
end

-- When the amounts of a slot leave.
local function leaves(width, stay, slot)
  if width == 0 then return NEVER end
  if type(width) == 'number' then return (slot + 1) * width + stay end
  for i = 1, #width - 1 do
    if width[i] == slot then return width[i + 1] end
  end
  return slot == width[#width] and now + SECOND or 0
end

-- A counter as it was written; what has left since is dropped.
local function read(packed, width, stay)
  if not packed then return { 0, 0 } end
  local counter = unpacked(packed)
  while counter[2] <= now and counter[FIRST] do
    counter[1] = counter[1] - counter[FIRST + 1]
    table.remove(counter, FIRST)
    table.remove(counter, FIRST)
    counter[2] = counter[FIRST] and leaves(width, stay, counter[FIRST]) or 0
  end
  return counter
end

-- Keeps a counter for as long as it holds anything; `known`: it was kept for its last slot already.
local function write(key, counter, width, stay, known)
  local count = #counter
  if count < FIRST then
    call('DEL', key)
  elseif known and width ~= 0 then
    call('SET', key, pack(counter), 'KEEPTTL')
  else
    local span = width == 0 and ttl or math.max(0, leaves(width, stay, counter[count - 1]) - now)
    call('SET', key, pack(counter), 'PX', math.ceil(span / 1000) + 1000)
  end
end

-- Adds to a slot, or takes away; a slot that holds nothing is none.
local function add(counter, width, stay, slot, amount)
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
  counter[2] = counter[FIRST] and leaves(width, stay, counter[FIRST]) or 0
end

local function held(counter, slot)
  for at = #counter - 1, FIRST, -2 do
    if counter[at] == slot then return counter[at + 1] end
  end
  return 0
end

-- How long until no more than `most` is held.
local function until_at_most(counter, width, stay, most)
  local rest = counter[1]
  for at = FIRST, #counter, 2 do
    rest = rest - counter[at + 1]
    if rest <= most then return leaves(width, stay, counter[at]) - now end
  end
  return 0
end

-- What is left of a counter, and how long until there is more.
local function standing(counter, width, most)
  local left, next = most - counter[1], counter[2]
  return left > 0 and left or 0, (width == 0 or next == 0) and 0 or next - now
end

-- Puts what was really used in the place of what an exchange reserved, where that has not left.
local function close(id, packed, actual)
  call('HDEL', HELD, id)
  call('ZREM', OPEN, id)
  local parts = unpacked(packed)
  for at = 1, #parts, PART do
    local key, slot, reserved, real = parts[at], parts[at + 1], parts[at + 2], actual[parts[at + 3]] or 0
    local width, stay = parts[at + 4], parts[at + 5]
    if real ~= reserved and leaves(width, stay, slot) > now then
      local counter = read(call('GET', key), width, stay)
      local was = held(counter, slot)
      local change = math.max(0, was - reserved) + real - was
      if change ~= 0 then
        add(counter, width, stay, slot, change)
        write(key, counter, width, stay)
      end
    end
  end
end

local function expire()
  for _, id in ipairs(call('ZRANGEBYSCORE', OPEN, '-inf', now, 'LIMIT', 0, EXPIRED)) do
    local packed = call('HGET', HELD, id)
    if packed then close(id, packed, {}) else call('ZREM', OPEN, id) end
  end
end

-- Notes what an exchange holds. The hash and the set are kept for twice as long as any of it can be open, which is written
-- again only once half of that has passed; what stands in them for it lets neither become empty, and so forget.
local function note(parts, kept)
  if not kept or kept < now + ttl then
    local till, span = now + 2 * ttl, math.ceil(2 * ttl / 1000) + 1000
    call('HSET', HELD, exchange, pack(parts), KEPT, till)
    call('ZADD', OPEN, now + ttl, exchange, '+inf', KEPT)
    call('PEXPIRE', HELD, span)
    call('PEXPIRE', OPEN, span)
  else
    call('HSET', HELD, exchange, pack(parts))
    call('ZADD', OPEN, now + ttl, exchange)
  end
end

-- What the exchange was told of a counter before.
local function granted(parts, key)
  for at = 1, #parts, PART do
    if parts[at] == key then return parts[at + 6], parts[at + 7] end
  end
end

-- The answers to a step, up to the first that is no: whether, what remains, how long until there is more.
local function ask(reserves)
  local asks, parts, told, kept, new = unpacked(ARGV[5]), {}, {}, nil, false
  local counters = call('MGET', unpack(KEYS, FIRST))
  if reserves then
    local noted = call('HMGET', HELD, exchange, KEPT)
    if noted[1] then parts = unpacked(noted[1]) end
    kept = tonumber(noted[2])
  end
  for i = 1, #counters do
    local key, at, to, yes = KEYS[i + FIRST - 1], (i - 1) * ASK, 3 * i, 1
    local width, stay, unit, amount, most = asks[at + 1], asks[at + 2], asks[at + 3], asks[at + 4], asks[at + 5]
    local remaining, reset = granted(parts, key)
    if not remaining then
      local counter = read(counters[i], width, stay)
      local slot, length = slot_now(width, stay)
      if counter[1] + amount <= most then
        if reserves and amount ~= 0 then
          local known = counter[#counter - 1] == slot
          add(counter, width, stay, slot, amount)
          write(key, counter, width, stay, known)
        end
        remaining, reset = standing(counter, width, most)
        if reserves then
          local n = #parts
          parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4] = key, slot, amount, unit
          parts[n + 5], parts[n + 6], parts[n + 7], parts[n + 8] = width, stay, remaining, reset
          new = true
        end
      else
        yes, remaining, reset = 0, standing(counter, width, most)
        if width == 0 or amount > most then reset = length else reset = until_at_most(counter, width, stay, most - amount) end
      end
    end
    told[to - 2], told[to - 1], told[to] = yes, remaining, reset
    if yes == 0 then break end
  end
  if new then note(parts, kept) end
  return told
end

expire()
if op == 'settle' then
  local packed = call('HGET', HELD, exchange)
  if packed then close(exchange, packed, unpacked(ARGV[5])) end
elseif op == 'reset' then
  call('DEL', unpack(KEYS, FIRST))
else
  return ask(op == 'reserve')
end
return {}
