import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import type { HeldForm, Key, RowAudit, RowRepair } from '../../../core/reader.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import { isElsewhere } from '../cluster/redis-cluster.ts';
import type { KeyStore } from '../key-store.ts';
import { globQuoted } from '../key-text.ts';
import { checkMade, holderKind, renderHolder } from '../sink/nest-commands.ts';
import { nestOf, rowOfNest } from '../sink/nest-names.ts';
import type { NestedShape, TableSettings } from '../sink/table-settings.ts';
import { KeptAudit } from './kept-audit.ts';
import type { Command, FoundRows, KeptOptions, KeptRows, Keyspace } from './kept-rows.ts';
import { makeRoomFor } from './make-room.ts';
import { refused } from './refused-reply.ts';
import { bytesColumn, integerColumn, noBytes, RowTexts } from './row-texts.ts';
import { type ScannedPage, scanWithin } from './scan-within.ts';
import { readCommands, SinkEncoder, sinkCommands } from './sink-commands.ts';

/** Where a row is kept. */
interface Place {
  /** The row that holds it, or its list. */
  readonly holder: Buffer;
  readonly nest: Buffer;
  /** What it is called there. */
  readonly field: Buffer;
}

/**
 * Rows that stand within others, and elements of lists. What is held of one:
 *
 *     value    its bytes in the nest of what holds it
 *     until    when all of the nest would leave: NULL, which is never
 *     within   of a hash: the same bytes in the hash; not compared while there is no such hash
 *     made     of a list: 1, where it is what is made of its nest
 *
 * What JSON holds is compared with its nest where the row that holds it is.
 */
export class NestRows implements KeptRows, HeldForm {
  readonly table: Table;
  readonly source: Table;
  readonly form = this;
  readonly expires = false;
  readonly isKeyed = true;
  readonly leavesOut = true;
  readonly #shape: NestedShape;
  readonly #kind: 'hash' | 'json' | 'redis-json' | 'list';
  readonly #texts: RowTexts;
  readonly #options: KeptOptions;
  readonly #encoder: SinkEncoder;
  readonly #prefix: Buffer;
  readonly #width: number;

  /** Throws VERIFY_NOTHING where a place does not say which row it is of. */
  constructor(source: Table, settings: TableSettings, shape: NestedShape, options: KeptOptions) {
    const { keys, fields } = shape.place;
    this.source = source;
    this.#shape = shape;
    this.#kind = holderKind(shape);
    this.#options = options;
    const placedBy = [...keys.columns, ...fields.columns];
    if (!source.primaryKey.every((column) => placedBy.includes(column))) {
      const reason = `their places do not say which rows of ${qualifiedName(source)} they are`;
      throw new MillraceError('VERIFY_NOTHING', { reason });
    }
    this.#texts = new RowTexts(source, settings, placedBy);
    this.#encoder = new SinkEncoder(this.#texts.plan, options.nest);
    this.#prefix = Buffer.from(options.nest);
    this.#width = this.#kind === 'hash' ? 4 : 2;
    this.table = this.#texts.described(source.name, `${shape.kind} in ${this.#kind}`, [
      ['value', bytesColumn],
      ['until', integerColumn],
      ...(this.#kind === 'hash' ? [['within', bytesColumn] as const] : []),
      ...(this.#kind === 'list' ? [['made', integerColumn] as const] : []),
    ]);
  }

  of(row: Row): Row | null {
    this.#encoder.clear();
    this.#encoder.add({ op: 'create', before: null, after: row }, 0);
    const [set] = readCommands(this.#encoder.commands);
    // HSET nest field value; nothing where a column that it takes is NULL.
    if (set === undefined) return null;
    const value = set[3]!;
    const beside = this.#kind === 'hash' ? [value] : this.#kind === 'list' ? [1] : [];
    return [...this.#texts.keyOf(row), value, null, ...beside] as Row;
  }

  lookup(store: KeyStore, keys: readonly Key[]): Promise<readonly (Row | null)[]> {
    return this.#lookup(store, keys, true);
  }

  async *walk(space: Keyspace, signal: AbortSignal): AsyncGenerator<FoundRows> {
    for await (const nests of space.keys(this.#prefix, signal)) {
      const holders = nests.map((nest) => rowOfNest(this.#options.nest, nest));
      yield* this.#within(
        space,
        nests.flatMap((hash, i) =>
          this.#shape.place.keys.matches(holders[i]!) ? [{ hash, holder: holders[i]! }] : [],
        ),
        true,
      );
    }
    if (this.#kind !== 'hash') return;
    const { keys } = this.#shape.place;
    for await (const found of space.keys(keys.prefix, signal)) {
      const holders = found.filter((key) => keys.matches(key));
      yield* this.#within(
        space,
        holders.map((holder) => ({ hash: holder, holder })),
        false,
      );
    }
  }

  async count(space: Keyspace, signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const nests of space.keys(this.#prefix, signal, 'once')) {
      const own = nests.filter((nest) => this.#shape.place.keys.matches(rowOfNest(this.#options.nest, nest)));
      // A large hash may give a field twice.
      const seen = new Set<string>();
      let at = 0;
      for await (const { index, elements } of this.#scan(space, own)) {
        if (index !== at) seen.clear();
        at = index;
        const before = seen.size;
        for (const field of elements) seen.add(field.toString('latin1'));
        count += seen.size - before;
      }
    }
    return count;
  }

  audit(space: Keyspace): RowAudit {
    const lookup = (store: KeyStore, keys: readonly Key[]) => this.#lookup(store, keys, false);
    const walk = (within: Keyspace, signal: AbortSignal) => this.walk(within, signal);
    return new KeptAudit({ lookup, walk }, space, (row) => this.#texts.keyOf(row));
  }

  async repairs(store: KeyStore, repairs: readonly RowRepair[], now: number): Promise<readonly Command[]> {
    const places = repairs.map(({ key }) => this.#place(key));
    const room = await makeRoomFor(
      store,
      places.map(({ nest }) => nest),
      'hash',
    );
    const removed = places.map(({ nest, field }): Command => ['HDEL', nest, field]);
    const rows = repairs.flatMap(({ row }) =>
      row === null ? [] : [{ op: 'create', before: null, after: row } as const],
    );
    const context = { nest: this.#options.nest, now };
    // What holds a row that is written is made anew with it.
    const made = sinkCommands(this.#texts.plan, rows, context);
    const rendered = new CommandWriter();
    for (const some of Map.groupBy(places, ({ nest }) => nest.toString('latin1')).values()) {
      const [{ holder, nest }] = some as [Place, ...Place[]];
      const fields = some.map(({ field }) => field);
      renderHolder(rendered, { key: holder, nest, kind: this.#kind, fields, isFresh: false });
    }
    return [...room, ...removed, ...made.filter(([name]) => String(name) === 'HSET'), ...readCommands(rendered)];
  }

  /** `whole`: whether lists are looked at that are made of the rows. */
  async #lookup(store: KeyStore, keys: readonly Key[], whole: boolean): Promise<readonly (Row | null)[]> {
    const places = keys.map((key) => this.#place(key));
    const byNest = new Map(places.map((place) => [place.nest, place]));
    const replies = await store.ask(
      [...byNest.keys()],
      (commands, key) => {
        const { holder, nest, field } = byNest.get(key)!;
        commands.add('HGET', nest, field);
        commands.add('PTTL', nest);
        if (this.#kind !== 'hash') return;
        commands.add('HGET', holder, field);
        commands.add('EXISTS', holder);
      },
      this.#width,
    );
    const made = whole && this.#kind === 'list' ? await this.#made(store, places) : null;
    return keys.map((key, i) => {
      const [value, left, within, exists] = replies.slice(i * this.#width, (i + 1) * this.#width) as readonly Reply[];
      if (isElsewhere(value!)) return null;
      refused(store, value!, 'WRONGTYPE');
      refused(store, left!);
      const there = Buffer.isBuffer(value);
      const until = Number(left) < 0 ? null : Number(left);
      const own = [...key, there ? value : noBytes, there ? until : null];
      if (this.#kind === 'list') return there ? ([...own, made?.get(nameOf(places[i]!))] as Row) : null;
      if (this.#kind !== 'hash') return there ? (own as Row) : null;
      refused(store, within!, 'WRONGTYPE');
      // A row that is away, or is no hash, is wrong by itself.
      const isHeld = Number(exists) === 1 && !(within instanceof ReplyError);
      if (!there && (!isHeld || within === null)) return null;
      return [...own, isHeld ? within : undefined] as Row;
    });
  }

  /** Whether each list is what is made of its nest: 1 or 0, by nest. */
  async #made(
    store: KeyStore,
    places: readonly Pick<Place, 'holder' | 'nest'>[],
  ): Promise<ReadonlyMap<string, number>> {
    const each = [...new Map(places.map((place) => [nameOf(place), place])).values()];
    const byNest = new Map(each.map((place) => [place.nest, place]));
    const replies = await store.ask([...byNest.keys()], (commands, key) => {
      const { holder, nest } = byNest.get(key)!;
      checkMade(commands, { key: holder, nest, kind: 'list' });
    });
    return new Map(
      each.map((place, i) => {
        const reply = replies[i]!;
        if (reply instanceof ReplyError && !isElsewhere(reply)) throw store.home.failure(reply, 'a list');
        return [nameOf(place), Number(reply)];
      }),
    );
  }

  /** The rows in some hashes. `isNest`: these are nests, of which lists are made. */
  async *#within(
    space: Keyspace,
    hashes: readonly { readonly hash: Buffer; readonly holder: Buffer }[],
    isNest: boolean,
  ): AsyncGenerator<FoundRows> {
    if (hashes.length === 0) return;
    const lists = hashes.map(({ hash, holder }) => ({ nest: hash, holder }));
    const made = isNest && this.#kind === 'list' ? await space.use(({ store }) => this.#made(store, lists)) : null;
    const keys = hashes.map(({ hash }) => hash);
    for await (const { index, elements, first } of this.#scan(space, keys)) {
      const { hash, holder } = hashes[index]!;
      const found = elements.map((field) => this.#keyAt(holder, field)).filter((key) => key !== null);
      // Some of its rows are enough: with any of them it is made anew.
      yield first && made?.get(hash.toString('latin1')) === 0 ? { keys: found, wrong: found } : { keys: found };
    }
  }

  async *#scan(space: Keyspace, hashes: readonly Buffer[]): AsyncGenerator<ScannedPage> {
    const { fields } = this.#shape.place;
    const match = Buffer.concat([globQuoted(fields.prefix), Buffer.from('*')]);
    for await (const page of scanWithin(space, 'HSCAN', hashes, match)) {
      yield { ...page, elements: page.elements.filter((field) => fields.matches(field)) };
    }
  }

  #place(key: Key): Place {
    this.#texts.readKey(key);
    const { keys, fields } = this.#shape.place;
    const holder = this.#texts.named(keys)!;
    return { holder, nest: nestOf(this.#options.nest, holder), field: this.#texts.named(fields)! };
  }

  #keyAt(holder: Buffer, field: Buffer): Key | null {
    const { keys, fields } = this.#shape.place;
    const [outside, inside] = [keys.read(holder), fields.read(field)];
    if (outside === null || inside === null) return null;
    const key = this.#texts.keyFrom((column) => {
      const at = keys.columns.indexOf(column);
      return at >= 0 ? outside[at]! : (inside[fields.columns.indexOf(column)] ?? null);
    });
    if (key === null) return null;
    // Another way to write the same value is nobody's.
    const written = this.#place(key);
    return written.holder.equals(holder) && written.field.equals(field) ? key : null;
  }
}

const nameOf = ({ nest }: Pick<Place, 'nest'>): string => nest.toString('latin1');
