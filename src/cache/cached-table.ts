import type { Buffer } from 'node:buffer';
import type { Clock } from '../core/clock.ts';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import type { AppliedWatch } from './applied-watch.ts';
import type { CacheListeners } from './cache-events.ts';
import type { CachedRow, ReadOptions, TableStats } from './cache-options.ts';
import type { TableSettings } from './cache-settings.ts';
import type { DatabaseReads, LookupPlan } from './database-reads.ts';
import { LocalRows } from './local-rows.ts';
import { RedisComplaints } from './redis-complaints.ts';
import type { RedisLinks } from './redis-links.ts';
import type { RowCodec, RowName } from './row-codec.ts';
import { RowFills } from './row-fills.ts';
import { RowLoads } from './row-loads.ts';
import { RowReads } from './row-reads.ts';
import type { IndexReads } from './rows-by-values.ts';
import { TableCounters } from './table-counters.ts';
import type { NamedKey, WantedRow } from './wanted-row.ts';
import { journalOf, removeScript } from './write-behind-scripts.ts';
import { WrittenRows } from './written-rows.ts';

export interface CachedTableParts {
  readonly codec: RowCodec;
  readonly plan: LookupPlan;
  readonly settings: TableSettings;
  readonly links: RedisLinks;
  readonly reads: Pick<DatabaseReads, 'lookup' | 'having'>;
  readonly indexes: IndexReads;
  readonly applied: AppliedWatch;
  readonly lane: string;
  readonly listeners: CacheListeners;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** A table read through Redis, and past it where it must be. */
export class CachedTable<Of extends object = CachedRow, Key extends object = NamedKey> {
  /** `database.table`. */
  readonly name: string;
  readonly #parts: CachedTableParts;
  readonly #counters = new TableCounters();
  readonly #local: LocalRows | null;
  readonly #complaints: RedisComplaints;
  readonly #loads: RowLoads;
  readonly #reads: RowReads;
  #writes: WrittenRows | null = null;

  constructor(parts: CachedTableParts) {
    this.#parts = parts;
    const table = qualifiedName(parts.codec.table);
    this.name = table;
    const { maxLocalRows } = parts.settings;
    this.#local = maxLocalRows > 0 ? new LocalRows(maxLocalRows, parts.clock) : null;
    this.#complaints = new RedisComplaints(table, parts.clock, parts.log);
    const counters = this.#counters;
    this.#loads = new RowLoads({ ...parts, counters });
    const shared = { ...parts, table, counters, complaints: this.#complaints, loads: this.#loads };
    this.#reads = new RowReads({ ...shared, local: this.#local, fills: new RowFills(shared) });
  }

  /** The row with this key; null: there is none. Rows are frozen, and may be shared with other readers. */
  get(key: Key, options?: ReadOptions): Promise<Of | null> {
    let name: RowName;
    try {
      name = this.#parts.codec.nameOf(key as NamedKey);
    } catch (error) {
      return Promise.reject(error);
    }
    this.#counters.read(name);
    if (options?.atLeast === undefined || options.atLeast === null) {
      const local = this.#local?.get(name);
      if (local !== undefined) {
        this.#counters.localHits += 1;
        return local as Promise<Of | null>;
      }
      const read = this.#reads.underWay(name) ?? this.#reads.read(this.#wanted(name, key as NamedKey));
      return read.row as Promise<Of | null>;
    }
    return this.#readAfter(this.#wanted(name, key as NamedKey), options) as Promise<Of | null>;
  }

  /** The rows with these keys, in their order: one round trip, and one statement for what has to be brought. */
  async getMany(keys: readonly Key[], options?: ReadOptions): Promise<readonly (Of | null)[]> {
    if (options?.atLeast !== undefined && options.atLeast !== null) {
      if ((await this.#after(options)) === 'mysql') {
        const wanted = keys.map((key) => this.#wanted(this.#parts.codec.nameOf(key as NamedKey), key as NamedKey));
        for (const { name } of wanted) this.#counters.read(name);
        return (await this.#fromPrimary(wanted)) as unknown as readonly (Of | null)[];
      }
    }
    const found = new Map<RowName, CachedRow | null>();
    const open: WantedRow[] = [];
    const names = keys.map((key) => {
      const name = this.#parts.codec.nameOf(key as NamedKey);
      this.#counters.read(name);
      if (!found.has(name)) {
        found.set(name, null);
        open.push(this.#wanted(name, key as NamedKey));
      }
      return name;
    });
    // Nodes tell of their rows as each comes to it: what is kept here may not show yet what another node says is applied.
    const isLocal = options?.atLeast === undefined || options.atLeast === null || !this.#parts.links.isCluster;
    for (const [name, row] of await this.#reads.readMany(open, isLocal)) found.set(name, row);
    return names.map((name) => found.get(name) as Of | null);
  }

  /**
   * The rows that have these values, in no order: of all columns of one of the table's `indexes`. Redis finds them, once the table is
   * complete there; before that, and where Redis is away, MySQL does. A row that changes meanwhile may be left out, and none has other
   * values than asked for. Throws CACHE_TABLE_REFUSED where there is no index of just these columns.
   */
  async getBy(values: Partial<Of>): Promise<readonly Of[]> {
    const { indexes } = this.#parts;
    const { row, columns } = indexes.wanted(values as NamedKey);
    this.#counters.reads += 1;
    try {
      const rows = await indexes.find(row, columns);
      if (rows !== null) {
        this.#counters.hits += 1;
        return rows as unknown as readonly Of[];
      }
      this.#counters.misses += 1;
    } catch (error) {
      this.#complaints.pass(error);
      this.#counters.redisFailures += 1;
    }
    return (await this.#loads.having(row, columns)) as unknown as readonly Of[];
  }

  /**
   * Removes rows from Redis, after they were changed: who reads them next brings them from MySQL. What is being brought meanwhile is not
   * kept. Rejects where Redis cannot be reached: what it holds may be old then, for as long as `ttlMs` and `graceMs`. Of a table that a
   * pipeline mirrors nothing can be removed: CACHE_MIRRORED.
   */
  async invalidate(...keys: readonly Key[]): Promise<void> {
    const { codec, links, settings } = this.#parts;
    if (settings.mode === 'mirror') throw new MillraceError('CACHE_MIRRORED', { table: this.name });
    if (keys.length === 0) return;
    const redisKeys = keys.map((key) => {
      const { name, redisKey } = this.#wanted(codec.nameOf(key as NamedKey), key as NamedKey);
      this.#reads.part(name);
      this.#local?.drop(redisKey);
      return redisKey;
    });
    const remove = (redisKey: Buffer): Promise<void> =>
      links.of(redisKey).ask(
        (commands) => {
          if (settings.conflicts === null) return void commands.add('UNLINK', redisKey);
          removeScript.begin(commands, 1, 0);
          commands.bytes(redisKey, 0, redisKey.length);
        },
        () => {},
      );
    await Promise.all(redisKeys.map(remove));
    // A read that was sent before may have put them here again.
    for (const redisKey of redisKeys) this.#local?.drop(redisKey);
  }

  /**
   * Writes a row to Redis, whole, and notes it in the journal that `Cache.applyWrites` carries into MySQL. Readers see it from now on.
   * Needs `writeBehind`. Throws CACHE_WRITE_REFUSED, and NET_CLOSED where Redis is away: it is not known then whether it was written.
   */
  async put(row: Of): Promise<void> {
    const writes = this.#written();
    const values = writes.rowOf(row as unknown as NamedKey);
    await this.#writeBehind(writes, row as unknown as NamedKey, values);
  }

  /** Likewise, of a row that is to go. */
  async remove(key: Key): Promise<void> {
    await this.#writeBehind(this.#written(), key as NamedKey, null);
  }

  stats(): TableStats {
    return this.#counters.stats(this.#local);
  }

  /** A key of Redis has changed; null: any may have. */
  changed(redisKey: Buffer | null): void {
    if (redisKey === null) this.#local?.clear();
    else this.#local?.drop(redisKey);
  }

  /** The table was opened anew: this goes on, and keeps no rows in the process. */
  retire(): void {
    this.#local?.retire();
  }

  /** What the applier counts goes to this table's figures. */
  get counters(): TableCounters {
    return this.#counters;
  }

  #written(): WrittenRows {
    const { codec, links, settings } = this.#parts;
    if (settings.conflicts === null)
      throw new MillraceError('CACHE_TABLE_REFUSED', {
        table: this.name,
        reason: 'it is not opened with `writeBehind`',
      });
    this.#writes ??= new WrittenRows({
      codec,
      links,
      journal: journalOf(this.name),
      bring: async (key) => {
        const named = codec.named(key);
        await this.#reads.read(this.#wanted(codec.nameOf(named), named)).row;
      },
    });
    return this.#writes;
  }

  async #writeBehind(writes: WrittenRows, key: NamedKey, row: Row | null): Promise<void> {
    const wanted = this.#wanted(this.#parts.codec.nameOf(key), key);
    await writes.write(wanted.key, wanted.redisKey, row);
    this.#counters.writes += 1;
    this.#reads.part(wanted.name);
    this.#local?.drop(wanted.redisKey);
  }

  #wanted(name: RowName, key: NamedKey): WantedRow {
    const row = this.#parts.codec.keyRow(key);
    return { name, key: row, redisKey: this.#parts.codec.redisKey(row) };
  }

  async #readAfter(wanted: WantedRow, options: ReadOptions): Promise<CachedRow | null> {
    if ((await this.#after(options)) === 'mysql') return (await this.#fromPrimary([wanted]))[0]!;
    return await this.#reads.read(wanted).row;
  }

  /** Waits for a write to be applied; says where to read then. */
  async #after({ atLeast, timeoutMs = 200, onTimeout = 'mysql' }: ReadOptions): Promise<'redis' | 'mysql'> {
    const { applied, settings, listeners } = this.#parts;
    // Without a pipeline nothing tells, and what was invalidated after the write is brought from the primary anyway.
    if (settings.mode === 'aside') return 'redis';
    if (await applied.reached(atLeast!, timeoutMs, this.name)) return 'redis';
    this.#counters.behind += 1;
    listeners.tell('behind', () => ({ table: this.name, waitedMs: timeoutMs, onTimeout }));
    if (onTimeout === 'throw') throw new MillraceError('CACHE_BEHIND', { table: this.name, waitedMs: timeoutMs });
    return onTimeout === 'stale' ? 'redis' : 'mysql';
  }

  async #fromPrimary(wanted: readonly WantedRow[]): Promise<readonly (CachedRow | null)[]> {
    return (await this.#loads.load(wanted, null, true)).rows;
  }
}
