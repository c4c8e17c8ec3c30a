import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import type { HeldForm, Key, RowAudit, RowRepair } from '../../../core/reader.ts';
import { type ColumnType, qualifiedName, type Table } from '../../../core/table.ts';
import type { Row, Value } from '../../../core/value.ts';
import { ReplyError } from '../../../protocol/redis/reply.ts';
import { isElsewhere } from '../cluster/redis-cluster.ts';
import type { KeyStore } from '../key-store.ts';
import type { KeyTemplate } from '../key-template.ts';
import type { TableSettings } from '../sink/table-settings.ts';
import { KeptAudit } from './kept-audit.ts';
import type { Command, FoundRows, KeptRows, Keyspace } from './kept-rows.ts';
import { makeRoomFor } from './make-room.ts';
import { refused } from './refused-reply.ts';
import { integerColumn, RowTexts } from './row-texts.ts';
import { scanWithin } from './scan-within.ts';

/** What of a row is a member: a column of it, or in an index the key of the row. */
export type Membership =
  | { readonly kind: 'set'; readonly member: number }
  | { readonly kind: 'sorted-set'; readonly member: number; readonly score: number }
  /** `keys`: of the set. `name` tells it from the table's other indexes. */
  | { readonly kind: 'index'; readonly keys: KeyTemplate; readonly name: string };

const double: ColumnType = { kind: 'double', unsigned: false };

/**
 * Rows that are members of a set or sorted set, and those of an index, which leads to them. What is held of a row is that it is there:
 *
 *     score    in a sorted set, with the 53 bits that Redis keeps of it
 *     until    when all of the set would leave: NULL, which is never
 */
export class MemberRows implements KeptRows, HeldForm {
  readonly table: Table;
  readonly source: Table;
  readonly form = this;
  readonly expires: boolean;
  readonly isKeyed = true;
  readonly leavesOut = true;
  readonly #of: Membership;
  readonly #sets: KeyTemplate;
  readonly #texts: RowTexts;
  readonly #type: 'set' | 'zset';

  /** Throws VERIFY_NOTHING where a member does not say which row it is. */
  constructor(source: Table, settings: TableSettings, membership: Membership) {
    const { keys, mode } = settings;
    this.source = source;
    this.#of = membership;
    this.#type = membership.kind === 'sorted-set' ? 'zset' : 'set';
    this.#sets = membership.kind === 'index' ? membership.keys : keys;
    this.expires = mode !== 'mirror';
    const member = membership.kind === 'index' ? keys.columns : [membership.member];
    const placedBy = [...this.#sets.columns, ...member];
    if (!source.primaryKey.every((column) => placedBy.includes(column))) {
      const reason = `members do not say which row of ${qualifiedName(source)} they are of`;
      throw new MillraceError('VERIFY_NOTHING', { reason });
    }
    this.#texts = new RowTexts(source, settings, placedBy);
    const index = membership.kind === 'index' ? ` index ${membership.name}` : '';
    this.table = this.#texts.described(`${source.name}${index}`, `${this.#type}${index}`, [
      ...(membership.kind === 'sorted-set' ? [['score', double] as const] : []),
      ['until', integerColumn],
    ]);
  }

  of(row: Row, held: Row | null): Row | null {
    if (held === null && this.expires) return null;
    const of = this.#of;
    this.#texts.read(row);
    if (this.#texts.columns.some((column) => !this.#texts.has(column))) return null;
    if (of.kind !== 'sorted-set') return [...this.#texts.keyOf(row), null];
    if (!this.#texts.has(of.score)) return null;
    return [...this.#texts.keyOf(row), Number(this.#texts.bytes(of.score).toString('latin1')), null];
  }

  async lookup(store: KeyStore, keys: readonly Key[]): Promise<readonly (Row | null)[]> {
    // A store hands each key back as it got it.
    const members = new Map<Buffer, Buffer>();
    const sets = keys.map((key) => {
      const { set, member } = this.#address(key);
      members.set(set, member);
      return set;
    });
    const ask = this.#type === 'set' ? 'SISMEMBER' : 'ZSCORE';
    const replies = await store.ask(
      sets,
      (commands, set) => {
        commands.add(ask, set, members.get(set)!);
        commands.add('PTTL', set);
      },
      2,
    );
    return keys.map((key, i) => {
      const [found, left] = [replies[2 * i]!, replies[2 * i + 1]!];
      if (isElsewhere(found)) return null;
      refused(store, found, 'WRONGTYPE');
      refused(store, left);
      if (found === null || found instanceof ReplyError || (this.#type === 'set' && Number(found) === 0)) return null;
      const until = Number(left) < 0 ? null : Number(left);
      return [...key, ...(this.#type === 'zset' ? [Number(String(found))] : []), until] as Row;
    });
  }

  async *walk(space: Keyspace, signal: AbortSignal): AsyncGenerator<FoundRows> {
    for await (const sets of space.keys(this.#sets.prefix, signal)) {
      const own = sets.filter((set) => this.#sets.matches(set));
      for await (const { index, elements } of scanWithin(space, this.#type === 'set' ? 'SSCAN' : 'ZSCAN', own)) {
        yield { keys: elements.map((member) => this.#keyAt(own[index]!, member)).filter((key) => key !== null) };
      }
    }
  }

  async count(space: Keyspace, signal: AbortSignal): Promise<number> {
    const name = this.#type === 'set' ? 'SCARD' : 'ZCARD';
    let count = 0;
    for await (const found of space.keys(this.#sets.prefix, signal, 'once')) {
      const sets = found.filter((set) => this.#sets.matches(set));
      await space.use(async ({ store }) => {
        const replies = await store.ask(sets, (commands, set) => void commands.add(name, set));
        for (const reply of replies) {
          refused(store, reply, 'WRONGTYPE');
          if (!(reply instanceof ReplyError)) count += Number(reply);
        }
      });
    }
    return count;
  }

  audit(space: Keyspace): RowAudit {
    return new KeptAudit(this, space, (row) => this.#texts.keyOf(row));
  }

  async repairs(store: KeyStore, repairs: readonly RowRepair[]): Promise<readonly Command[]> {
    const addresses = repairs.map(({ key }) => this.#address(key));
    const room = await makeRoomFor(
      store,
      addresses.map(({ set }) => set),
      this.#type,
    );
    const of = this.#of;
    const commands = repairs.map(({ row }, i): Command => {
      const { set, member } = addresses[i]!;
      if (row === null || this.of(row, row) === null) return [this.#type === 'set' ? 'SREM' : 'ZREM', set, member];
      // `of` has taken the row.
      if (of.kind === 'sorted-set') return ['ZADD', set, Buffer.from(this.#texts.bytes(of.score)), member];
      return ['SADD', set, member];
    });
    return [...room, ...commands];
  }

  #address(key: Key): { readonly set: Buffer; readonly member: Buffer } {
    this.#texts.readKey(key);
    const of = this.#of;
    const set = this.#texts.named(this.#sets)!;
    const member = of.kind === 'index' ? this.#texts.named(this.#texts.plan.keys)! : this.#texts.bytes(of.member);
    return { set, member: Buffer.from(member) };
  }

  #keyAt(set: Buffer, member: Buffer): Key | null {
    const parts = this.#sets.read(set);
    const rowKeys = this.#texts.plan.keys;
    const of = this.#of;
    const within = of.kind === 'index' ? rowKeys.read(member) : [member];
    if (parts === null || within === null) return null;
    const columns = of.kind === 'index' ? rowKeys.columns : [of.member];
    const key = this.#texts.keyFrom((column) => {
      const at = this.#sets.columns.indexOf(column);
      return at >= 0 ? parts[at]! : (within[columns.indexOf(column)] ?? null);
    });
    if (key === null) return null;
    // Another way to write the same value is nobody's.
    const written = this.#address(key as readonly Value[]);
    return set.equals(written.set) && member.equals(written.member) ? key : null;
  }
}
