import { redisAddress } from '../cache/addresses.ts';
import { AppliedWatch } from '../cache/applied-watch.ts';
import { CacheListeners } from '../cache/cache-events.ts';
import type { TableMode, WriteToken } from '../cache/cache-options.ts';
import { type TableSettings, tableSettings } from '../cache/cache-settings.ts';
import { CachedTable } from '../cache/cached-table.ts';
import type { Lookup, LookupPlan } from '../cache/database-reads.ts';
import { loadScripts } from '../cache/fill-scripts.ts';
import { RedisLinks } from '../cache/redis-links.ts';
import { RowCodec } from '../cache/row-codec.ts';
import { IndexReads } from '../cache/rows-by-values.ts';
import { encodeBinlogPosition } from '../connectors/mysql/binlog-position.ts';
import { KeyTemplate } from '../connectors/redis/key-template.ts';
import type { Position } from '../core/batch.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { smallTable } from './cached-rows.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const codec = new RowCodec(smallTable, KeyTemplate.of('%{database}:%{table}:%{key}', smallTable));

export const rowOf = (note: string | null): Row => [7, note, 1];

/** The server whose log the pipeline is said to follow. */
export const logServer = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

/** Names the transaction of this number, and those before it. */
export const tokenOf = (number: number): WriteToken => `${logServer}:1-${number}` as WriteToken;

/** Where a pipeline is that has applied so many transactions. */
export const placeOf = (number: number): Position =>
  encodeBinlogPosition({
    flavor: 'mysql',
    server: logServer,
    epoch: 0,
    file: 'binlog.000001',
    offset: number,
    fileTime: 0,
    step: 0,
    gtids: number === 0 ? '' : tokenOf(number),
    prepared: [],
  });

interface ReaderOptions {
  readonly mode: TableMode;
  readonly more?: Partial<TableSettings>;
  readonly tracks?: boolean;
  /** After how long without an answer Redis counts as away. */
  readonly timeoutMs?: number;
}

/** A reader's process: its own connections and table, and a database whose answers the test holds back. Its pipeline is `shop`. */
export class CacheReader implements AsyncDisposable {
  readonly links: RedisLinks;
  readonly table: CachedTable;
  /** Lookups under way, each with how to answer it; and the places that those asked so far had to show, as GTIDs. */
  readonly lookups: ((row: Row | null, current?: boolean) => void)[] = [];
  readonly shown: (string | null)[] = [];
  readonly listeners = new CacheListeners();
  asked = 0;

  constructor(address: object, { mode, more = {}, tracks = false, timeoutMs = 60_000 }: ReaderOptions) {
    this.links = new RedisLinks({
      config: redisAddress({ 'connect.timeout': '60s', ...address } as Parameters<typeof redisAddress>[0]),
      clock: systemClock,
      log,
      timeoutMs,
      prefix: 'millrace',
      pipeline: 'shop',
      prepare: (commands) => {
        loadScripts(commands);
        if (tracks) commands.add('CLIENT', 'TRACKING', 'ON');
      },
      invalidated: (changed) => this.table?.changed(changed),
    });
    const patient = { ttlMs: 60_000, jitter: 0, negativeTtlMs: 60_000, leaseMs: 60_000, waitMs: 60_000 };
    this.table = new CachedTable({
      codec,
      plan: {} as LookupPlan,
      settings: { ...tableSettings({ mode, ...patient }, true), maxLocalRows: tracks ? 10 : 0, ...more },
      links: this.links,
      reads: {
        lookup: (_plan, _keys, applied) => {
          this.shown.push(applied?.executed ?? null);
          return this.#lookup();
        },
        having: async () => [rowOf('from the database')],
      },
      indexes: new IndexReads({ codec, links: this.links, indexes: ['note', 'count,note'] }),
      applied: new AppliedWatch(this.links, systemClock, 'mysql/binlog'),
      lane: 'mysql/binlog',
      listeners: this.listeners,
      clock: systemClock,
      random: () => 0.5,
      log,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.links[Symbol.asyncDispose]();
  }

  #lookup(): Promise<Lookup> {
    this.asked += 1;
    return new Promise((resolve) => {
      this.lookups.push((row, current = true) => resolve({ rows: [row], current, replica: false }));
    });
  }
}
