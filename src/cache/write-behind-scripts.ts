/**
 * How rows are written to Redis before MySQL has them. A row and the entry of the journal that tells of it are one step, so a Redis that
 * loses one loses the other.
 *
 *     journal   a stream: k the row's key, t the write's token, p the token of the write that it stands upon, b the fields that stood
 *               there before, r those that were written; no r: the row was removed
 *     \0pending the token of the row's last write that MySQL does not have yet. Nothing removes such a row, and it does not expire.
 *
 * Fields are written as `length:name length:value`, one behind the other.
 */
import { Script } from './fill-scripts.ts';

/** KEYS: row, journal. ARGV: token, `put` or `remove`, then fields and values. `missing`: nobody knows here what MySQL has of it. */
export const putScript = new Script(`
local held = redis.call('HGETALL', KEYS[1])
local pending, none, leased, filled = '', false, false, false
local before = {}
for i = 1, #held, 2 do
  local name, value = held[i], held[i + 1]
  if name == '\\0pending' then pending = value
  elseif name == '\\0none' then none = true
  elseif name == '\\0lease' then leased = true
  elseif name == '\\0until' then filled = true
  elseif string.byte(name) ~= 0 then
    before[#before + 1] = #name .. ':' .. name .. #value .. ':' .. value
  end
end
if pending == '' then
  if leased and not filled then return 'missing' end
  if #before == 0 and not none then return 'missing' end
end
local entry = {'XADD', KEYS[2], '*', 'k', KEYS[1], 't', ARGV[1], 'p', pending, 'b', table.concat(before)}
redis.call('UNLINK', KEYS[1])
if ARGV[2] == 'put' then
  local written = {}
  for i = 3, #ARGV do written[#written + 1] = #ARGV[i] .. ':' .. ARGV[i] end
  redis.call('HSET', KEYS[1], '\\0pending', ARGV[1], unpack(ARGV, 3))
  entry[#entry + 1] = 'r'
  entry[#entry + 1] = table.concat(written)
else
  redis.call('HSET', KEYS[1], '\\0pending', ARGV[1], '\\0none', '')
end
redis.call(unpack(entry))
return 'ok'
`);

/**
 * What MySQL has now, unless the row was written again meanwhile; and the journal's entries go. KEYS: row, journal. ARGV: token, `row`,
 * `none` or `drop`, time to live, how many entries, entries, then fields and values.
 */
export const settleScript = new Script(`
local count = tonumber(ARGV[4])
if redis.call('HGET', KEYS[1], '\\0pending') == ARGV[1] then
  redis.call('UNLINK', KEYS[1])
  if ARGV[2] == 'row' then redis.call('HSET', KEYS[1], unpack(ARGV, 5 + count)) end
  if ARGV[2] == 'none' then redis.call('HSET', KEYS[1], '\\0none', '') end
  if ARGV[2] ~= 'drop' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
end
return redis.call('XDEL', KEYS[2], unpack(ARGV, 5, 4 + count))
`);

/** KEYS: row. A row that MySQL does not have yet stays. */
export const removeScript = new Script(`
if redis.call('HEXISTS', KEYS[1], '\\0pending') == 1 then return 0 end
return redis.call('UNLINK', KEYS[1])
`);

export const writeBehindScripts: readonly Script[] = [putScript, settleScript, removeScript];

/** The stream of a table's writes. `table` as `database.table`. */
export const journalOf = (table: string): string => `millrace:writes:${table}`;
