import type { Connection } from 'mysql2/promise';
import { keyTemplates } from '../connectors/redis/key-mapping.ts';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { keyColumnsOf } from '../formats/key-columns.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { mysqlAddress, redisAddress } from './addresses.ts';
import { AppliedWatch } from './applied-watch.ts';
import { type CacheEvents, CacheListeners } from './cache-events.ts';
import type { CachedTableOptions, CacheOptions, CacheStats, KeyOf, TableTypes } from './cache-options.ts';
import { cacheLimits, type TableSettings, tableSettings } from './cache-settings.ts';
import { CachedTable } from './cached-table.ts';
import { DatabaseReads, type LookupPlan, planLookup } from './database-reads.ts';
import { DatabaseServer } from './database-server.ts';
import { loadScripts } from './fill-scripts.ts';
import { PrimaryWrites, type Written } from './primary-writes.ts';
import { RedisLinks } from './redis-links.ts';
import { RowCodec } from './row-codec.ts';
import { IndexReads } from './rows-by-values.ts';
import { WriteApplier } from './write-applier.ts';
import { journalOf, writeBehindScripts } from './write-behind-scripts.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Connects to Redis, and where it is away goes on without it. Throws what only an operator can mend: a wrong password, or a user that
 * may not run scripts.
 */
export const createCache = async <Tables extends object = TableTypes>(
  options: CacheOptions,
): Promise<Cache<Tables>> => {
  const cache = new Cache<Tables>(options);
  try {
    await cache.open();
    return cache;
  } catch (error) {
    await cache[Symbol.asyncDispose]();
    throw error;
  }
};

type TypeOf<Tables, Name> = Name extends keyof Tables
  ? Tables[Name] extends { readonly row: object; readonly key: string }
    ? Tables[Name]
    : never
  : never;

/** Rows of MySQL read through Redis. One for a process. */
export class Cache<Tables extends object = TableTypes> implements AsyncDisposable {
  readonly #options: CacheOptions;
  readonly #stop = new AbortController();
  readonly #listeners = new CacheListeners();
  readonly #links: RedisLinks;
  readonly #primary: DatabaseServer;
  readonly #replicas: readonly DatabaseServer[];
  readonly #reads: DatabaseReads;
  readonly #writes: PrimaryWrites;
  readonly #applied: AppliedWatch;
  readonly #lane: string;
  readonly #tables = new Map<string, CachedTable<never, never>>();
  /** By table: what carries its writes into MySQL. */
  readonly #appliers = new Map<string, WriteApplier>();
  #applying: DatabaseServer | null = null;
  #tracks = false;

  constructor(options: CacheOptions) {
    this.#options = options;
    const { clock = systemClock, log = silent } = options;
    const { maxReads, maxWaitingReads: maxWaiting, redisTimeoutMs } = cacheLimits(options);
    const server = (config: ReturnType<typeof mysqlAddress>): DatabaseServer =>
      new DatabaseServer({ config, clock, maxReads, maxWaiting, signal: this.#stop.signal });
    const primary = mysqlAddress(options.mysql);
    this.#primary = server(primary);
    this.#replicas = (options.replicas ?? []).map((address) => server(mysqlAddress(address)));
    this.#reads = new DatabaseReads({ primary: this.#primary, replicas: this.#replicas, clock, log });
    this.#writes = new PrimaryWrites(primary);
    this.#lane = `${options.source ?? 'mysql'}/binlog`;
    this.#links = new RedisLinks({
      prefix: options.positionPrefix ?? 'millrace',
      pipeline: options.pipeline ?? '',
      config: redisAddress(options.redis),
      clock,
      log,
      timeoutMs: redisTimeoutMs,
      prepare: (commands) => {
        loadScripts(commands, this.#appliers.size > 0 ? writeBehindScripts : []);
        if (this.#tracks) commands.add('CLIENT', 'TRACKING', 'ON');
      },
      invalidated: (key) => {
        for (const table of this.#tables.values()) table.changed(key);
      },
      turned: (redis, reason) => {
        if (reason === null) this.#listeners.tell('up', () => ({ redis }));
        else this.#listeners.tell('down', () => ({ redis, reason }));
      },
    });
    this.#applied = new AppliedWatch(this.#links, clock, this.#lane);
  }

  async open(): Promise<void> {
    await this.#links.open();
  }

  /**
   * A table to read. Asks MySQL for its definition, once: ask anew after it was changed. Only what was opened last keeps rows in the
   * process. Throws CACHE_TABLE_REFUSED for a table that does not exist, or whose rows have no key to be found by, and zod's error for
   * options that there are not.
   */
  async table<Name extends string & keyof Tables>(
    name: Name,
    options: CachedTableOptions = {},
  ): Promise<CachedTable<TypeOf<Tables, Name>['row'], KeyOf<TypeOf<Tables, Name>>>> {
    const { clock = systemClock, log = silent, pipeline } = this.#options;
    const settings = tableSettings(options, pipeline !== undefined);
    const refused = (reason: string) => new MillraceError('CACHE_TABLE_REFUSED', { table: name, reason });
    if (pipeline === undefined && settings.mode !== 'aside') {
      throw refused(`\`mode: ${settings.mode}\` is what a pipeline does, and none is named`);
    }
    const at = name.indexOf('.');
    if (at < 1) throw refused('it is not written as `database.table`');
    const described = await this.#primary.describe(name.slice(0, at), name.slice(at + 1));
    if (described === null) throw refused('there is no such table');
    const { table, indexes } = described;
    if (keyColumnsOf(table).length === 0) throw refused('it has no primary key, nor a unique one without NULL');
    const keys = keyTemplates(settings.key, undefined)(table);
    const plan = planLookup(table, indexes, keys.columns);
    if (plan === null)
      throw refused(
        `rows cannot be looked up by ${keys.columns.map((column) => table.columns[column]!.name).join(', ')}`,
      );
    if (settings.maxLocalRows > 0 && !this.#tracks) {
      this.#tracks = true;
      await this.#links.prepare();
    }
    if (settings.indexes.length > 0 && settings.mode !== 'mirror')
      throw refused('only a mirror has all rows in its indexes');
    if (settings.conflicts !== null) {
      if (settings.mode !== 'aside')
        throw refused('a pipeline writes its rows, and would put older ones over those of `put`');
      if (this.#links.isCluster) throw refused('in a cluster a row and the journal of `put` have no slot in common');
      if (settings.negativeTtlMs === 0) throw refused('`put` must know that there was no row: set `negativeTtlMs`');
      if (table.columns.some(({ generated }) => generated))
        throw refused('it has generated columns, which `put` cannot write');
    }
    const codec = new RowCodec(table, keys);
    const opened = new CachedTable({
      codec,
      indexes: new IndexReads({ codec, links: this.#links, indexes: settings.indexes }),
      plan,
      settings,
      links: this.#links,
      reads: this.#reads,
      applied: this.#applied,
      lane: this.#lane,
      listeners: this.#listeners,
      clock,
      random: Math.random,
      log,
    });
    if (settings.conflicts !== null) await this.#writeBehind(opened, codec, plan, settings);
    this.#tables.get(opened.name)?.retire();
    this.#tables.set(opened.name, opened as CachedTable<never, never>);
    return opened as CachedTable<TypeOf<Tables, Name>['row'], KeyOf<TypeOf<Tables, Name>>>;
  }

  /**
   * Runs `work` as one transaction on the primary, through a connection of mysql2, and commits it; whatever it throws rolls it back and
   * is thrown on. The token lets reads wait until the pipeline has applied it. Without a pipeline: `invalidate` what was changed. `work`
   * must not commit itself. Where COMMIT is not answered (NET_CLOSED, NET_UNREACHABLE), it is not known whether it was committed.
   */
  async write<Result>(work: (transaction: Connection) => Promise<Result>): Promise<Written<Result>> {
    return await this.#writes.write(work);
  }

  /**
   * Carries what `put` and `remove` wrote into MySQL, for all tables that were opened with `writeBehind` before, until `signal` aborts.
   * Any number of processes may do so: one works at a time, and another goes on where it ends. Its account needs INSERT, UPDATE, DELETE
   * and SELECT on those tables, and CREATE in their databases for `millrace_written` and `millrace_write_conflicts`.
   */
  async applyWrites(signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#stop.signal]);
    await Promise.all([...this.#appliers.values()].map((applier) => applier.run(ended)));
  }

  /** Calls `listener` whenever it happens, from then on (cache-events.ts). Rows are not kept waiting for what it does. */
  on<Name extends keyof CacheEvents>(name: Name, listener: (told: CacheEvents[Name][0]) => void): this {
    this.#listeners.on(name, listener);
    return this;
  }

  off<Name extends keyof CacheEvents>(name: Name, listener: (told: CacheEvents[Name][0]) => void): this {
    this.#listeners.off(name, listener);
    return this;
  }

  stats(): CacheStats {
    return {
      redis: this.#links.isUp ? 'up' : 'down',
      reconnects: this.#links.reconnects,
      waitingReads: [this.#primary, ...this.#replicas].reduce((sum, { waiting }) => sum + waiting, 0),
      tables: Object.fromEntries([...this.#tables].map(([name, table]) => [name, table.stats()])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#links[Symbol.asyncDispose]();
    for (const server of [this.#primary, ...this.#replicas]) server.close();
    this.#applying?.close();
    await this.#writes.close();
  }

  async #writeBehind(opened: CachedTable, codec: RowCodec, plan: LookupPlan, settings: TableSettings): Promise<void> {
    const { clock = systemClock, log = silent } = this.#options;
    // Its sessions refuse values that MySQL would otherwise change to fit, which those of readers must not care about.
    this.#applying ??= new DatabaseServer({
      config: mysqlAddress(this.#options.mysql),
      clock,
      maxReads: 1,
      maxWaiting: 1_000,
      signal: this.#stop.signal,
    });
    const { counters } = opened;
    const journal = journalOf(opened.name);
    const parts = { codec, plan, settings, links: this.#links, server: this.#applying, journal };
    const isFirst = this.#appliers.size === 0;
    this.#appliers.set(opened.name, new WriteApplier({ ...parts, counters, listeners: this.#listeners, clock, log }));
    if (isFirst) await this.#links.prepare();
  }
}
