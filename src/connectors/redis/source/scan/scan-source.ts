import type { Batch, Lane, Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import type { Context, Source } from '../../../../core/connector.ts';
import type { LogFigures } from '../../../../core/operating.ts';
import { position } from '../../../../core/position.ts';
import { dialTcp } from '../../../../net/dial.ts';
import type { RedisConnection } from '../../connection.ts';
import { openPrimary } from '../../sentinel.ts';
import type { RedisServerConfig } from '../config.ts';
import { DeclaredRows } from '../declared-rows.ts';
import { DirtyKey, DirtyKeys } from '../dirty-keys.ts';
import { lackedFieldTimes } from '../field-times.ts';
import { keyReaderOf } from '../key-reader.ts';
import type { KeyTable } from '../key-tables.ts';
import { rereadKeys } from '../reread-keys.ts';
import { checkWhole } from '../whole-server.ts';
import { KeyEvents } from './key-events.ts';

const lane: Lane = 'scan';
/** Keys that one SCAN looks at, and that are read at once. */
const keysAtOnce = 1_000;
/** How long notifications gather, so that a key that changes often is read once. */
const gatherMs = 20;

/**
 * Reads keys as rows from a server that lets nobody replicate: all of them by SCAN, again and again, and between that those that keyspace
 * notifications name. This is a best effort. A notification that nobody hears is lost, and the row is late until the next reading.
 */
export class RedisScanSource implements Source {
  readonly #config: RedisServerConfig;
  readonly #context: Context;
  readonly #rows: DeclaredRows;
  readonly #isEnough: () => boolean;
  /** When reading began, in milliseconds since 1970, which tells places of one run from another's. */
  #runMs = 0;
  #batches = 0;
  #snapshotting: readonly string[] | null = null;

  /** `isEnough`: asked before all keys are read again, whether reading is to end instead. */
  constructor(config: RedisServerConfig, context: Context, isEnough: () => boolean = () => false) {
    this.#config = config;
    this.#isEnough = isEnough;
    this.#context = context;
    this.#rows = new DeclaredRows(config, context, keysAtOnce);
  }

  async *read(_held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const { clock, log, pipeline } = this.#context;
    const { database, 'scan.interval': intervalMs } = this.#config;
    this.#runMs = Math.floor(clock.now());
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await using reader = await this.#connect(stop.signal);
      await checkWhole(reader);
      const lacked = await lackedFieldTimes(reader, this.#config);
      if (lacked !== null) throw lacked;
      await this.#warn(reader);
      const dirty = new DirtyKeys({ replicationId: '', offset: 0, database });
      const heard = (key: Buffer): void => {
        const table = this.#rows.keys.tableOf(key);
        if (table !== null) dirty.add(key, table, true);
      };
      // Before the first key is read, so that what changes behind the cursor is heard.
      await using events = await KeyEvents.listen(await this.#connect(stop.signal), clock, database, heard);
      do {
        const begunMs = clock.monotonic();
        yield* this.#all(reader, dirty, events, signal);
        while (!signal.aborted && clock.monotonic() - begunMs < intervalMs) {
          await clock.sleep(gatherMs, signal);
          events.check();
          yield* this.#changed(reader, dirty);
        }
        log.debug('all keys have been read', { pipeline });
      } while (!signal.aborted && !this.#isEnough());
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.abort();
    }
  }

  covers(held: Position, at: Position): boolean {
    const [a, b] = [placeOf(held), placeOf(at)];
    return a.run === b.run && a.batch >= b.batch;
  }

  holds(held: Position, change: Change): boolean {
    if (change.kind === 'snapshot' || change.origin.kind !== 'redis') return false;
    const { run, batch } = placeOf(held);
    return change.origin.replicationId === run && Number(change.origin.offset) <= batch;
  }

  snapshotting(): readonly string[] | null {
    return this.#snapshotting;
  }

  figures(): readonly LogFigures[] {
    const { hostname, port } = this.#config;
    const unknown = { file: null, offset: null, gtids: null, bytesBehind: null, transactionsBehind: null };
    const server = `${hostname}:${port}`;
    return [
      {
        source: 'redis (scan, best effort)',
        server,
        ...unknown,
        bestEffort: true,
        clockSkewMs: null,
        retentionSeconds: null,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Reads all keys once. With deletes, rows of tables of which there are keys go where their keys were not met. */
  async *#all(
    reader: RedisConnection,
    dirty: DirtyKeys,
    events: KeyEvents,
    signal: AbortSignal,
  ): AsyncGenerator<Batch> {
    this.#snapshotting = this.#rows.labels;
    const begun = new Set<KeyTable>();
    for (let cursor = '0'; ; ) {
      events.check();
      const [next, names] = (await reader.command('SCAN', cursor, 'COUNT', String(keysAtOnce))) as [Buffer, Buffer[]];
      const keys: DirtyKey[] = [];
      const begins: Change[] = [];
      for (const name of names) {
        const table = this.#rows.keys.tableOfMet(name);
        if (table === null) continue;
        const key = new DirtyKey(name.latin1Slice(0, name.length), table);
        key.isWhole = true;
        keys.push(key);
        if (begun.has(table)) continue;
        begun.add(table);
        if (this.#rows.deletes)
          begins.push({ kind: 'snapshot', at: 'begin', table: table.table, reason: 'all keys are read' });
      }
      if (begins.length > 0) yield this.#batch(begins);
      yield* this.#reread(reader, keys);
      yield* this.#changed(reader, dirty);
      if (signal.aborted) return;
      cursor = String(next);
      if (cursor === '0') break;
    }
    const ends: Change[] = [];
    for (const { table } of this.#rows.deletes ? begun : [])
      ends.push({ kind: 'snapshot', at: 'end', table, reason: 'all keys are read' });
    this.#rows.tellPassedOver();
    yield this.#batch(ends);
    this.#snapshotting = [];
  }

  /** What notifications named. */
  async *#changed(reader: RedisConnection, dirty: DirtyKeys): AsyncGenerator<Batch> {
    const { keys } = dirty.take();
    for (let at = 0; at < keys.length; at += keysAtOnce) yield* this.#reread(reader, keys.slice(at, at + keysAtOnce));
  }

  async *#reread(reader: RedisConnection, keys: readonly DirtyKey[]): AsyncGenerator<Batch> {
    if (keys.length === 0) return;
    const offset = BigInt(this.#batches + 1);
    this.#rows.at({ replicationId: String(this.#runMs), offset });
    for await (const _ of rereadKeys(keyReaderOf(reader), keys, this.#rows.keys, this.#rows.deletes)) {
      const changes = this.#rows.take();
      await this.#rows.putAside();
      if (changes.length > 0) yield this.#batch(changes);
    }
  }

  #batch(changes: readonly Change[]): Batch {
    this.#batches += 1;
    return {
      changes,
      positions: new Map([[lane, position(`${this.#runMs}:${this.#batches}`)]]),
      version: `${String(this.#runMs).padStart(13, '0')}${String(this.#batches).padStart(10, '0')}`,
    };
  }

  /** Says what can be relied on, and whether the server tells of changes at all. */
  async #warn(reader: RedisConnection): Promise<void> {
    const { log, pipeline } = this.#context;
    const reply = await reader.command('CONFIG', 'GET', 'notify-keyspace-events').catch(() => null);
    const events = Array.isArray(reply) && reply.length === 2 ? String(reply[1]) : null;
    log.warn(
      'reading by SCAN is a best effort: what a notification does not tell is seen at the next reading of all keys',
      {
        pipeline,
        intervalMs: this.#config['scan.interval'],
        notifications: events === null ? 'not known' : events === '' ? 'none' : events,
      },
    );
    if (events === null || /E/.test(events)) return;
    log.warn('the server tells of no changes: set notify-keyspace-events to EA', { pipeline });
  }

  async #connect(signal: AbortSignal): Promise<RedisConnection> {
    const { clock, pipeline } = this.#context;
    const name = `millrace:${pipeline}`.replaceAll(/[^!-~]/g, '_');
    return await openPrimary({ config: this.#config, dial: dialTcp, clock, signal, name });
  }
}

/** `1764400000000:17` */
const placeOf = (held: Position): { readonly run: string; readonly batch: number } => {
  const [run, batch] = held.split(':');
  return { run: run!, batch: Number(batch) };
};
