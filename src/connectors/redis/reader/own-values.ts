import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { HeldForm, Key, RowAudit, RowRepair } from '../../../core/reader.ts';
import type { ColumnType, Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { rowJson } from '../../../formats/row-json.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { isElsewhere } from '../cluster/redis-cluster.ts';
import type { KeyStore } from '../key-store.ts';
import { checkMade } from '../sink/nest-commands.ts';
import { nestOf } from '../sink/nest-names.ts';
import type { TableSettings, ValueShape } from '../sink/table-settings.ts';
import { type HeldUntil, mayBeGone } from './held-times.ts';
import { KeptAudit } from './kept-audit.ts';
import type { Command, FoundRows, KeptOptions, KeptRows, Keyspace } from './kept-rows.ts';
import { makeRoomFor } from './make-room.ts';
import { refused } from './refused-reply.ts';
import { bytesColumn, integerColumn, noBytes, RowTexts } from './row-texts.ts';
import { sinkCommands } from './sink-commands.ts';

type OwnShape = ValueShape & { readonly kind: 'json' | 'redis-json' | 'string' };

/** No time to live is this: what stands there is of another type. */
const otherType = -1;

/**
 * Rows that have a key of their own each, as JSON or strings. What is held of a row:
 *
 *     value    the bytes; of the JSON module the document. With rows of others in it: the row alone, as its nest has it
 *     until    when it leaves, in milliseconds since 1970; NULL: never
 *     made     with rows of others in it: 1, where it is what is made of its nest
 */
export class OwnValues implements KeptRows, HeldForm {
  readonly table: Table;
  readonly source: Table;
  readonly form = this;
  readonly expires: boolean;
  readonly isKeyed = true;
  readonly leavesOut: boolean;
  readonly #shape: OwnShape;
  readonly #texts: RowTexts;
  readonly #options: KeptOptions;
  readonly #isParent: boolean;

  constructor(source: Table, settings: TableSettings, shape: OwnShape, options: KeptOptions) {
    const { keys, mode, expiry, nests } = settings;
    this.source = source;
    this.#shape = shape;
    this.#options = options;
    this.#isParent = nests.length > 0;
    this.leavesOut = shape.kind === 'string';
    this.expires = mode !== 'mirror' || expiry !== null;
    this.#texts = new RowTexts(source, settings, keys.columns);
    const value: ColumnType = shape.kind === 'redis-json' && !this.#isParent ? { kind: 'json' } : bytesColumn;
    this.table = this.#texts.described(source.name, shape.kind, [
      ['value', value],
      ['until', integerColumn],
      ...(this.#isParent ? [['made', integerColumn] as const] : []),
    ]);
  }

  of(row: Row, held: Row | null): Row | null {
    this.#texts.read(row);
    const value = this.#valueOf(row);
    const until = this.#until();
    if (value === null || (held === null && this.expires && mayBeGone(until, this.#options.now()))) return null;
    return [...this.#texts.keyOf(row), value, until, ...(this.#isParent ? [1] : [])] as Row;
  }

  async lookup(store: KeyStore, keys: readonly Key[]): Promise<readonly (Row | null)[]> {
    const redisKeys = keys.map((key) => this.#address(key));
    const isModule = this.#shape.kind === 'redis-json';
    const width = 2 + (this.#isParent ? 1 : 0) + (this.#isParent && isModule ? 1 : 0);
    const get = isModule ? 'JSON.GET' : 'GET';
    const replies = await store.ask(
      redisKeys,
      (commands, redisKey) => {
        commands.add('PEXPIRETIME', redisKey);
        if (this.#isParent) {
          const nest = nestOf(this.#options.nest, redisKey);
          commands.add('HGET', nest, '');
          checkMade(commands, { key: redisKey, nest, kind: isModule ? 'redis-json' : 'json' });
        }
        if (!this.#isParent || isModule) commands.add(get, redisKey);
      },
      width,
    );
    return keys.map((key, i) => {
      const [until, value, made, document] = replies.slice(i * width, (i + 1) * width) as readonly Reply[];
      if (isElsewhere(until!)) return null;
      refused(store, until!, 'ERR');
      refused(store, value!, 'WRONGTYPE', 'Existing key has wrong Redis type');
      if (!this.#isParent) return this.#held(key, value!, until!);
      if (made instanceof ReplyError) throw store.home.failure(made, 'a row');
      // Away, whatever is kept for the day when it comes back.
      if (!Buffer.isBuffer(made) && Number(made) < 0) return null;
      const isMade = isModule ? isSameDocument(made!, document!) : Number(made) === 1;
      return [...key, Buffer.isBuffer(value) ? value : noBytes, timeOf(until!), isMade ? 1 : 0] as Row;
    });
  }

  async *walk(space: Keyspace, signal: AbortSignal): AsyncGenerator<FoundRows> {
    for await (const found of space.keys(this.#texts.plan.keys.prefix, signal)) {
      yield { keys: found.map((redisKey) => this.#keyAt(redisKey)).filter((key) => key !== null) };
    }
  }

  async count(space: Keyspace, signal: AbortSignal): Promise<number> {
    const { keys } = this.#texts.plan;
    let count = 0;
    for await (const found of space.keys(keys.prefix, signal, 'once'))
      count += found.filter((key) => keys.matches(key)).length;
    return count;
  }

  audit(space: Keyspace): RowAudit {
    return new KeptAudit(this, space, (row) => this.#texts.keyOf(row));
  }

  async repairs(store: KeyStore, repairs: readonly RowRepair[], now: number): Promise<readonly Command[]> {
    const context = { nest: this.#options.nest, now };
    const { plan } = this.#texts;
    const room = this.#isParent
      ? await makeRoomFor(
          store,
          repairs.map(({ key }) => nestOf(this.#options.nest, this.#address(key))),
          'hash',
        )
      : [];
    const commands = repairs.flatMap(({ key, row }): readonly Command[] => {
      const redisKey = this.#address(key);
      const unlink = ['UNLINK', redisKey];
      if (row === null || plan.mode === 'invalidate') {
        // What stands within it is for the other table to say.
        return this.#isParent ? [unlink, ['HDEL', nestOf(this.#options.nest, redisKey), '']] : [unlink];
      }
      if (plan.mode === 'hot') {
        return sinkCommands(plan, [{ op: 'update', before: this.#texts.rowOf(key), after: row }], context);
      }
      const made = sinkCommands(plan, [{ op: 'create', before: null, after: row }], context);
      return [unlink, ...made];
    });
    return [...room, ...commands];
  }

  #held(key: Key, value: Reply, until: Reply): Row | null {
    if (value instanceof ReplyError) return [...key, noBytes, otherType];
    if (value === null) return null;
    const shown = this.#shape.kind === 'redis-json' ? String(value) : value;
    return [...key, shown as Value, timeOf(until)] as Row;
  }

  /** Of the row that was taken last. */
  #valueOf(row: Row): Value {
    const shape = this.#shape;
    if (shape.kind === 'string')
      return this.#texts.has(shape.column) ? Buffer.from(this.#texts.bytes(shape.column)) : null;
    const json = rowJson(this.source, row, this.#texts.plan.allColumns);
    return shape.kind === 'json' || this.#isParent ? Buffer.from(json) : json;
  }

  /** undefined: it cannot be told, or is left to readers. */
  #until(): HeldUntil {
    const { mode, expiry } = this.#texts.plan;
    if (mode !== 'mirror') return undefined;
    return expiry === null ? null : this.#texts.until(expiry);
  }

  #address(key: Key): Buffer {
    this.#texts.readKey(key);
    return this.#texts.named(this.#texts.plan.keys)!;
  }

  #keyAt(redisKey: Buffer): Key | null {
    const { keys } = this.#texts.plan;
    const parts = keys.read(redisKey);
    if (parts === null) return null;
    const key = this.#texts.keyFrom((column) => parts[keys.columns.indexOf(column)] ?? null);
    // Another way to write the same value is nobody's.
    return key !== null && this.#address(key).equals(redisKey) ? key : null;
  }
}

/** A server before 7.0 does not say when. */
const timeOf = (until: Reply): HeldUntil => {
  if (until instanceof ReplyError) return undefined;
  return Number(until) < 0 ? null : Number(until);
};

/** The module keeps neither how a document was worded nor all digits of its numbers. */
const isSameDocument = (wanted: Reply, held: Reply): boolean => {
  if (!Buffer.isBuffer(wanted) || !Buffer.isBuffer(held)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(wanted.toString()), JSON.parse(held.toString()));
  } catch {
    return false;
  }
};
