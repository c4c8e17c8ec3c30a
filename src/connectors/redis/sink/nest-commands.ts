import { Buffer } from 'node:buffer';
import type { RowsChange } from '../../../core/change.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { rowJson } from '../../../formats/row-json.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';
import { nestedMember, nestOf } from './nest-names.ts';
import type { Nesting } from './nesting.ts';
import { RowKey } from './row-key.ts';
import type { RowRefusal } from './row-refusal.ts';
import type { SeenKeys } from './seen-keys.ts';
import type { TablePlan } from './table-plan.ts';
import type { NestedShape, ParentKind } from './table-settings.ts';

/** What is made of a nest. */
type HolderKind = ParentKind | 'list';

export const holderKind = (shape: NestedShape): HolderKind => (shape.kind === 'list' ? 'list' : shape.parent);

/** A row that holds others, or a list, and must be made to hold what its nest says. */
interface Holder {
  readonly key: Buffer;
  readonly nest: Buffer;
  readonly kind: HolderKind;
  /** What has changed within it, in latin1. */
  readonly fields: Set<string>;
  /** It was written as a whole, so it may lack whatever belongs in it. */
  isFresh: boolean;
}

/**
 * Keeps rows within rows of another table, in the MULTI of both. What stands within a row is kept a second time in a hash of the
 * sink's own, its nest, by the row's key, whether the row is there or not:
 *
 *     millrace:nest:{shop:orders:7}       lines:1 -> {"id":1,…}     lines:2 -> {"id":2,…}
 *                                         '' -> {"id":7,…}, the row itself without them, where it is JSON
 *
 * Changes of either side go into the nest, and at the block's end each row touched is made of it, by one script. So it does not
 * matter which side comes first, and nothing is concluded from what the row held before.
 */
export class NestCommands {
  /** What was written cannot be put in place of something of another type. */
  partial = false;
  readonly #commands: CommandWriter;
  readonly #refusal: RowRefusal;
  readonly #seen: SeenKeys;
  readonly #prefix: string;
  readonly #holders = new Map<string, Holder>();
  readonly #old = new RowKey();
  readonly #now = new RowKey();
  readonly #oldField = new RowKey();
  readonly #nowField = new RowKey();
  readonly #member = new RowKey();

  /** `prefix`: what the keys of nests begin with. */
  constructor(commands: CommandWriter, refusal: RowRefusal, seen: SeenKeys, prefix: string) {
    this.#commands = commands;
    this.#refusal = refusal;
    this.#seen = seen;
    this.#prefix = prefix;
  }

  clear(): void {
    this.partial = false;
    this.#holders.clear();
  }

  /** Rows that stand within others. */
  add({ op, rows }: RowsChange, plan: TablePlan, shape: NestedShape): void {
    const { before, after, table, label, state } = plan;
    const kind = holderKind(shape);
    this.partial = true;
    for (let index = 0; index < rows.length; index += 1) {
      let was = false;
      if (op === 'update' || op === 'delete') {
        before.read(rows, index, 'before');
        was = this.#place(plan, shape, before, this.#old, this.#oldField);
      }
      let is = false;
      if (op !== 'delete') {
        after.read(rows, index, 'after');
        if (after.states.includes(fieldOf.absent)) throw this.#incomplete(label);
        is = this.#place(plan, shape, after, this.#now, this.#nowField);
      }
      if (was && !(is && this.#old.equals(this.#now) && this.#oldField.equals(this.#nowField))) {
        const holder = this.#touch(this.#old, kind, this.#oldField);
        this.#commands.begin(3);
        this.#commands.text('HDEL');
        this.#commands.bytes(holder.nest, 0, holder.nest.length);
        this.#oldField.put(this.#commands);
      }
      if (!is) continue;
      const holder = this.#touch(this.#now, kind, this.#nowField);
      const value =
        shape.kind === 'list'
          ? elementOf(after, shape.order, shape.element)
          : this.#json(table, rows.after(index)!, shape);
      this.#checkSize(value, label);
      this.#commands.begin(4);
      this.#commands.text('HSET');
      this.#commands.bytes(holder.nest, 0, holder.nest.length);
      this.#nowField.put(this.#commands);
      if (typeof value === 'string') this.#commands.text(value);
      else this.#commands.bytes(value, 0, value.length);
      if (state.vanished === null) continue;
      nestedMember(this.#member, this.#nowField, this.#now);
      this.#seen.note(state.vanished, this.#member);
    }
  }

  /** A hash was written as a whole, and may hold nothing of what belongs in it. */
  placed({ nests }: TablePlan, key: RowKey): void {
    if (nests.length > 0) this.#touch(key, 'hash', null);
  }

  /** A row as JSON, which is written when the block ends. */
  row({ label }: TablePlan, key: RowKey, kind: 'json' | 'redis-json', json: string): void {
    const { nest } = this.#touch(key, kind, null);
    this.#checkSize(json, label);
    this.#commands.add('HSET', nest, '', json);
  }

  /** A row is removed, or has got the key `to`; null: it is gone. Those that go with it leave its nest. */
  removed({ nests, shape, label }: TablePlan, key: RowKey, to: RowKey | null): void {
    if (nests.length === 0) return;
    if (to !== null && !this.#refusal.limits.renames && nests.some(({ cascades }) => cascades)) {
      throw this.#refusal.of(label, 'in a cluster rows within a row do not go along when it gets another key');
    }
    const kind = shape.kind as ParentKind;
    const { nest } = this.#touch(key, kind, null);
    leaveNest(this.#commands, nest, { nests, kind, to: to === null ? null : this.#touch(to, kind, null).nest });
  }

  /** Makes each row touched hold what its nest says. */
  render(): void {
    for (const { fields, ...holder } of this.#holders.values()) {
      renderHolder(this.#commands, { ...holder, fields: [...fields].map((field) => Buffer.from(field, 'latin1')) });
    }
    this.#holders.clear();
  }

  /** Whether the row stands within another; where is in `key` and `field` then. */
  #place({ label }: TablePlan, shape: NestedShape, image: HashFields, key: RowKey, field: RowKey): boolean {
    const { keys, fields } = shape.place;
    const needed = [...keys.columns, ...fields.columns, ...(shape.kind === 'list' ? [shape.element, shape.order] : [])];
    if (needed.some((column) => image.states[column] === fieldOf.absent)) throw this.#incomplete(label);
    if (needed.some((column) => image.states[column] === fieldOf.null)) return false;
    key.write(keys, image);
    field.write(fields, image);
    return true;
  }

  /** `field` null: whatever belongs in it. */
  #touch(key: RowKey, kind: HolderKind, field: RowKey | null): Holder {
    const text = key.bytes.latin1Slice(0, key.length);
    let holder = this.#holders.get(text);
    if (holder === undefined) {
      const name = Buffer.from(key.bytes.subarray(0, key.length));
      holder = { key: name, nest: nestOf(this.#prefix, name), kind, fields: new Set(), isFresh: false };
      this.#holders.set(text, holder);
    }
    if (field === null) holder.isFresh = true;
    else holder.fields.add(field.bytes.latin1Slice(0, field.length));
    return holder;
  }

  /** A row within another; within JSON behind its own part of the field, as a name. */
  #json(table: Table, row: Row, { place, nesting, parent }: NestedShape & { readonly kind: 'nested' }): string {
    const json = rowJson(table, row, place.columns);
    if (parent === 'hash' || place.fields.columns.length === 0) return json;
    return `${JSON.stringify(this.#nowField.bytes.utf8Slice(nesting.name.length + 1, this.#nowField.length))}:${json}`;
  }

  #checkSize(value: string | Buffer, label: string): void {
    const { maxValueBytes } = this.#refusal.limits;
    if (value.length * 3 <= maxValueBytes || Buffer.byteLength(value) <= maxValueBytes) return;
    throw this.#refusal.of(
      label,
      `it is kept as one value, which is longer than ${maxValueBytes} bytes (proto-max-bulk-len)`,
    );
  }

  #incomplete(label: string): Error {
    return this.#refusal.of(label, 'the log does not hold all of the row; set binlog_row_image=FULL');
  }
}

/** `12.5 text`: where an element of a list comes, and what it is. */
const elementOf = ({ bytes, valueStarts, valueEnds }: HashFields, order: number, element: number): Buffer =>
  Buffer.concat([
    bytes.subarray(valueStarts[order]!, valueEnds[order]!),
    Buffer.from(' '),
    bytes.subarray(valueStarts[element]!, valueEnds[element]!),
  ]);

interface Changed {
  readonly key: Buffer;
  readonly nest: Buffer;
  readonly kind: HolderKind;
  /** What has changed within it. */
  readonly fields: readonly Buffer[];
  /** The row may lack whatever belongs in it. */
  readonly isFresh: boolean;
}

/** Makes a row hold what its nest says, if the row is there, or a list. */
export const renderHolder = (commands: CommandWriter, { key, nest, kind, fields, isFresh }: Changed): void => {
  if (kind === 'list') commands.add('EVAL', makeList, 2, key, nest);
  else if (kind !== 'hash') commands.add('EVAL', makeJson, 2, key, nest, kind);
  else commands.add('EVAL', fillHash, 2, key, nest, isFresh ? 'fresh' : '', ...fields);
};

/**
 * Asks whether a row's JSON, or a list, is what is made of its nest: 1 or 0; -1: there is no such key. Of the JSON module, which words
 * documents its own way, it asks for the text that its nest makes.
 */
export const checkMade = (
  commands: CommandWriter,
  { key, nest, kind }: { readonly key: Buffer; readonly nest: Buffer; readonly kind: Exclude<HolderKind, 'hash'> },
): void => {
  commands.add('EVAL', { list: checkList, json: checkJson, 'redis-json': tellJson }[kind], 2, key, nest);
};

interface Left {
  readonly nests: readonly Nesting[];
  readonly kind: ParentKind;
  /** The nest of the key that the row has got; left out: it is gone. */
  readonly to?: Buffer | null;
}

/** A row is no longer at its key; what goes with it leaves its nest. */
export const leaveNest = (commands: CommandWriter, nest: Buffer, { nests, kind, to = null }: Left): void => {
  if (kind !== 'hash') commands.add('HDEL', nest, '');
  const names = nests.flatMap(({ name, cascades }) => (cascades ? [name] : []));
  if (names.length === 0) return;
  const keys = to === null ? [nest] : [nest, to];
  commands.add('EVAL', takeAlong, keys.length, ...keys, ...names);
};

/** KEYS: row, nest. ARGV: whether the row is fresh, and what has changed within. */
const fillHash = `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local function fill(field)
  local value = redis.call('HGET', KEYS[2], field)
  if value then redis.call('HSET', KEYS[1], field, value) else redis.call('HDEL', KEYS[1], field) end
end
if ARGV[1] == 'fresh' then for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do fill(field) end end
for i = 2, #ARGV do fill(ARGV[i]) end
return 1`;

/** KEYS: row, nest. What has an own key within the row is kept as `"key":{…}`, and stands under its name in the order of the fields. */
const jsonOfNest = `local row = redis.call('HGET', KEYS[2], '')
if not row then return 0 end
local all = redis.call('HGETALL', KEYS[2])
local fields, values = {}, {}
for i = 1, #all, 2 do
  if all[i] ~= '' then fields[#fields + 1] = all[i] values[all[i]] = all[i + 1] end
end
table.sort(fields)
local out, open = { string.sub(row, 1, -2) }, nil
local comma = row == '{}' and '' or ','
for _, field in ipairs(fields) do
  local name = string.match(field, '^([^:]*):')
  if name ~= nil and name == open then out[#out + 1] = ',' .. values[field]
  else
    if open then out[#out + 1] = '}' end
    out[#out + 1] = comma .. '"' .. (name or field) .. '":' .. (name and '{' or '') .. values[field]
    open, comma = name, ','
  end
end
out[#out + 1] = open and '}}' or '}'`;

/** KEYS: row, nest. ARGV: what the row is. */
const makeJson = `${jsonOfNest}
if ARGV[1] == 'json' then redis.call('SET', KEYS[1], table.concat(out))
else
  if redis.call('TYPE', KEYS[1]).ok ~= 'ReJSON-RL' then redis.call('UNLINK', KEYS[1]) end
  redis.call('JSON.SET', KEYS[1], '$', table.concat(out))
end
return 1`;

/** KEYS: row, nest. The same server sorts as when it was made: Redis sorts as its locale says. */
const checkJson = `local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return -1 end
if kind ~= 'string' or redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return 0 end
${jsonOfNest}
if redis.call('GET', KEYS[1]) == table.concat(out) then return 1 end
return 0`;

/** KEYS: row, nest. */
const tellJson = `local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return -1 end
if kind ~= 'ReJSON-RL' or redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return 0 end
${jsonOfNest}
return table.concat(out)`;

/** KEYS: nest, and the one that they go to. ARGV: names of what goes along. */
const takeAlong = `local goes = {}
for _, name in ipairs(ARGV) do goes[name] = true end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if goes[string.match(all[i], '^[^:]*')] then
    redis.call('HDEL', KEYS[1], all[i])
    if KEYS[2] then redis.call('HSET', KEYS[2], all[i], all[i + 1]) end
  end
end
return 1`;

/** KEYS: list, nest. Elements of equal order stand in that of their rows' keys. What somebody else put into the nest stands at 0. */
const makeList = `local all = redis.call('HGETALL', KEYS[2])
local elements = {}
for i = 1, #all, 2 do
  local order, element = string.match(all[i + 1], '^(%S+) (.*)$')
  elements[#elements + 1] = { order and tonumber(order) or 0, all[i], element or all[i + 1] }
end
table.sort(elements, function(a, b) if a[1] ~= b[1] then return a[1] < b[1] end return a[2] < b[2] end)
redis.call('UNLINK', KEYS[1])
for _, each in ipairs(elements) do redis.call('RPUSH', KEYS[1], each[3]) end
return #elements`;

/** KEYS: list, nest, which somebody may have spoilt. */
const checkList = `local kind = redis.call('TYPE', KEYS[1]).ok
local nest = redis.call('TYPE', KEYS[2]).ok
if nest == 'none' then return kind == 'none' and -1 or 0 end
if kind ~= 'list' or nest ~= 'hash' or redis.call('PTTL', KEYS[1]) >= 0 then return 0 end
local all = redis.call('HGETALL', KEYS[2])
local elements = {}
for i = 1, #all, 2 do
  local order, element = string.match(all[i + 1], '^(%S+) (.*)$')
  order = order and tonumber(order)
  if not order then return 0 end
  elements[#elements + 1] = { order, all[i], element }
end
table.sort(elements, function(a, b) if a[1] ~= b[1] then return a[1] < b[1] end return a[2] < b[2] end)
local held = redis.call('LRANGE', KEYS[1], 0, -1)
if #held ~= #elements then return 0 end
for i, each in ipairs(elements) do if held[i] ~= each[3] then return 0 end end
return 1`;
