import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import type { Context, Source } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { LogFigures } from '../../../core/operating.ts';
import { dialTcp } from '../../../net/dial.ts';
import { encodeCommand } from '../../../protocol/redis/command-writer.ts';
import type { RedisConnection } from '../connection.ts';
import { openPrimary } from '../sentinel.ts';
import type { RedisServerConfig, RedisSourceConfig } from './config.ts';
import { DeclaredRows } from './declared-rows.ts';
import { DirtyKeys } from './dirty-keys.ts';
import { lackedFieldTimes } from './field-times.ts';
import { ForeignWrites } from './foreign-writes.ts';
import type { KeyTable } from './key-tables.ts';
import { LinkFailures } from './link-failures.ts';
import { type LinkPlace, placeAt, positionAt, replicationLane } from './link-place.ts';
import { OffsetWatch } from './offset-watch.ts';
import { ReplicationLink } from './replication-link.ts';
import { rereadKeys } from './reread-keys.ts';
import { readSnapshot } from './snapshot-rows.ts';
import { confirmed, StreamCommands } from './stream-commands.ts';
import { StreamSpool } from './stream-spool.ts';
import { checkWhole } from './whole-server.ts';

/** Keys that are read again at once, and become one transaction of the target. */
const keysAtOnce = 1_000;
/** Keys that wait to be read again, while the stream waits in its spool: about 15 MB, twice while some are read. */
const maxDirtyKeys = 50_000;
/** How long commands gather, so that a key that changes often is read once. */
const gatherMs = 20;
/** How often the server is asked how far its stream is. */
const lookMs = 5_000;
/** How often the position moves on though no row has changed. */
const heartbeatMs = 1_000;

/**
 * Reads hashes as rows, as a replica of the server: all of them from its snapshot, then those that commands name. The stream says
 * which keys change and in what order; each is then read as it is now.
 */
class RedisSource implements Source {
  readonly #config: RedisServerConfig;
  readonly #context: Context;
  readonly #rows: DeclaredRows;
  readonly #foreign: ForeignWrites;
  /** Of all attempts with these settings. */
  readonly #failures: LinkFailures;
  #link: ReplicationLink | null = null;
  #watch: OffsetWatch | null = null;
  #snapshotting: readonly string[] | null = null;

  constructor(config: RedisServerConfig, context: Context, failures: LinkFailures) {
    this.#config = config;
    this.#failures = failures;
    this.#context = context;
    this.#rows = new DeclaredRows(config, context, keysAtOnce);
    this.#foreign = new ForeignWrites(this.#rows.elsewhere);
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const at = await held(replicationLane);
    let from = at === null ? null : placeAt(at);
    while (!signal.aborted) {
      yield* this.#follow(from, at === null && this.#config['scan.startup.mode'] === 'latest-offset', signal);
      // Databases were swapped, or an emptied one was confirmed: nothing is known of the keys any more.
      from = null;
    }
  }

  covers(held: Position, at: Position): boolean {
    const [a, b] = [placeAt(held), placeAt(at)];
    return a.replicationId === b.replicationId && a.offset >= b.offset;
  }

  holds(held: Position, change: Change): boolean {
    if (change.kind === 'snapshot' || change.origin.kind !== 'redis') return false;
    const { replicationId, offset } = placeAt(held);
    return replicationId === change.origin.replicationId && Number(change.origin.offset) <= offset;
  }

  snapshotting(): readonly string[] | null {
    return this.#snapshotting;
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    const at = held.get(replicationLane);
    if (at === undefined) return;
    const { offset } = placeAt(at);
    this.#failures.acknowledged(offset);
    await this.#link?.acknowledge(offset);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const { hostname, port } = this.#config;
    const at = held.get(replicationLane);
    const offset = at === undefined ? null : placeAt(at).offset;
    const end = Math.max(this.#watch?.offset ?? -1, this.#link?.received ?? -1);
    return [
      {
        source: 'redis',
        server: `${hostname}:${port}`,
        file: null,
        offset,
        gtids: null,
        bytesBehind: offset === null || end < 0 ? null : Math.max(0, end - offset),
        transactionsBehind: null,
        ...(this.#rows.elsewhere.length === 0 ? {} : { conflicts: this.#foreign.total }),
        clockSkewMs: null,
        retentionSeconds: null,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link?.[Symbol.asyncDispose]();
  }

  /** Reads over one link, until the signal aborts or databases are swapped. */
  async *#follow(from: LinkPlace | null, skipsSnapshot: boolean, signal: AbortSignal): AsyncGenerator<Batch> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const reader = await this.#connect(stop.signal);
      await checkWhole(reader);
      const lacked = await lackedFieldTimes(reader, this.#config);
      if (lacked !== null) throw lacked;
      if (this.#config.database > 0) await reader.command('SELECT', String(this.#config.database));
      let stream: Stream | null = null;
      const link = await ReplicationLink.open({
        connection: await this.#connect(stop.signal),
        clock: this.#context.clock,
        from,
        spool: new StreamSpool({
          directory: this.#config['spool.directory'] ?? null,
          maxBytes: this.#config['spool.max-size'],
        }),
        begun: (place) => {
          stream = this.#stream(place);
          this.#failures.began(place.offset);
        },
        command: (command) => stream!.commands.take(command),
        isFull: () => stream !== null && stream.dirty.size > maxDirtyKeys,
      });
      this.#link = link;
      const file = await link.snapshotFile();
      const { place, dirty, commands } = stream!;
      if (file !== null) {
        this.#warnOfGap(from);
        if (!skipsSnapshot) yield* this.#snapshot(file, place, link, await this.#isEmptyOnPurpose(reader));
        await link.dropSnapshot();
        yield batch([], place);
      }
      this.#snapshotting = [];
      yield* this.#changesOf({ place, dirty, commands }, reader, link, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failures.ended(error, `${this.#config.hostname}:${this.#config.port}`);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.abort();
      await this.#link?.[Symbol.asyncDispose]();
      this.#link = null;
    }
  }

  #stream(place: LinkPlace): Stream {
    const { pipeline, log } = this.#context;
    const dirty = new DirtyKeys(place);
    const { database, 'skip.own.writes': skipsOwn, 'position.prefix': prefix } = this.#config;
    const own = skipsOwn ? prefix : null;
    const options = {
      rows: this.#rows.keys,
      dirty,
      database,
      own,
      confirmation: this.#confirmation,
      foreign: this.#foreign,
      pipeline,
      log,
    };
    return { place, dirty, commands: new StreamCommands(options, place) };
  }

  /** The key by which somebody says that rows without a key may go, also where no key of a table is left; null: nobody may. */
  get #confirmation(): string | null {
    const { 'flushes.policy': policy, 'position.prefix': prefix } = this.#config;
    return policy === 'confirm' ? `${prefix}:empty:${this.#context.pipeline}` : null;
  }

  async #isEmptyOnPurpose(reader: RedisConnection): Promise<boolean> {
    const key = this.#confirmation;
    return key !== null && String(await reader.command('GET', key)) === confirmed;
  }

  /** All rows. With deletes, rows of the target that are not among them go; those of a table without any row stay, unless it was confirmed. */
  async *#snapshot(
    file: string,
    place: LinkPlace,
    link: ReplicationLink,
    isEmptyOnPurpose: boolean,
  ): AsyncGenerator<Batch> {
    const marks = this.#rows.deletes;
    const begun = new Set<KeyTable>();
    let begins: Change[] = [];
    this.#snapshotting = this.#rows.labels;
    this.#rows.at(originAt(place));
    const met = (table: KeyTable): void => {
      if (begun.has(table)) return;
      begun.add(table);
      if (marks) begins.push({ kind: 'snapshot', at: 'begin', table: table.table, reason: 'initial' });
    };
    const rows = readSnapshot(file, this.#rows.keys, this.#config.database, met);
    for await (const _ of rows) {
      await this.#rows.putAside();
      const changes = [...begins, ...this.#rows.take()];
      begins = [];
      if (changes.length > 0) yield { ...batch(changes, place), positions: nowhere };
      // A link that has ended will not bring what comes after the snapshot.
      link.check();
    }
    const ends: Change[] = [];
    if (isEmptyOnPurpose) for (const table of this.#rows.tables) met(table);
    ends.push(...begins);
    if (marks) {
      for (const { table } of begun) ends.push({ kind: 'snapshot', at: 'end', table, reason: 'initial' });
    }
    if (ends.length > 0) yield batch(ends, place);
  }

  async *#changesOf(
    { place: begun, dirty, commands }: Stream,
    reader: RedisConnection,
    link: ReplicationLink,
    signal: AbortSignal,
  ): AsyncGenerator<Batch> {
    const { clock } = this.#context;
    const { keys: rows, deletes } = this.#rows;
    let told = begun;
    let toldMs = clock.monotonic();
    this.#watch = new OffsetWatch(reader.address);
    let lookedMs: number | null = toldMs;
    while (!signal.aborted && !commands.startsAnew) {
      if (dirty.size === 0) await link.moved(heartbeatMs, signal);
      else link.check();
      if (lookedMs !== null && clock.monotonic() - lookedMs >= lookMs) {
        lookedMs = (await this.#look(this.#watch, reader, link)) ? clock.monotonic() : null;
      }
      await clock.sleep(gatherMs, signal);
      const { keys, place } = dirty.take();
      if (keys.length === 0 && clock.monotonic() - toldMs < heartbeatMs) continue;
      this.#rows.at(originAt(place));
      // The last rows wait for the place, so that both become durable together.
      let last: readonly Change[] = [];
      for (let at = 0; at < keys.length; at += keysAtOnce) {
        for await (const _ of rereadKeys(reader, keys.slice(at, at + keysAtOnce), rows, deletes)) {
          const changes = this.#rows.take();
          if (changes.length === 0) continue;
          if (last.length > 0) yield { ...batch(last, place), positions: nowhere };
          last = changes;
        }
      }
      await this.#rows.putAside();
      if (keys.length > 0 || place.offset !== told.offset) yield batch(last, place);
      told = place;
      toldMs = clock.monotonic();
      this.#warnOfConflicts();
    }
  }

  /** Whether the account may ask how far the stream is. Throws REDIS_REPLICATION_STUCK. */
  async #look(watch: OffsetWatch, reader: RedisConnection, link: ReplicationLink): Promise<boolean> {
    const [info] = await reader.send(encodeCommand('INFO', 'replication'), 1);
    if (!Buffer.isBuffer(info)) return false;
    watch.look(info.toString('latin1'), link.received, this.#context.clock.monotonic());
    return true;
  }

  #warnOfConflicts(): void {
    const conflicts = this.#foreign.takeNew();
    if (conflicts === 0) return;
    const { log, pipeline } = this.#context;
    log.warn('keys that the other side owns were written here; their rows stay as they are there', {
      pipeline,
      conflicts,
    });
  }

  #warnOfGap(from: LinkPlace | null): void {
    if (from === null) return;
    const { log, pipeline } = this.#context;
    log.warn('the server no longer has what came after the position, so everything is read again', { pipeline });
  }

  async #connect(signal: AbortSignal): Promise<RedisConnection> {
    const { clock, pipeline } = this.#context;
    const name = `millrace:${pipeline}`.replaceAll(/[^!-~]/g, '_');
    return await openPrimary({ config: this.#config, dial: dialTcp, clock, signal, name });
  }
}

interface Stream {
  /** What its commands follow. */
  readonly place: LinkPlace;
  readonly dirty: DirtyKeys;
  readonly commands: StreamCommands;
}

/** Of rows that are read on the way to a place. With the place they began at, a sink would take them for what it holds. */
const nowhere: ReadonlyMap<Lane, Position> = new Map();

const batch = (changes: readonly Change[], place: LinkPlace): Batch => ({
  changes,
  positions: new Map([[replicationLane, positionAt(place)]]),
  version: String(place.offset).padStart(19, '0'),
});

const originAt = ({ replicationId, offset }: LinkPlace) => ({ replicationId, offset: BigInt(offset) });

/** A source is opened anew at each attempt, with the same settings. */
const failures = new WeakMap<RedisSourceConfig, LinkFailures>();

/** Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
export const openRedisSource = async (config: RedisSourceConfig, context: Context): Promise<Source> => {
  if ((context.sinks ?? 1) > 1) {
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'sinks', reason: 'a redis source has one' });
  }
  const { hostname, path } = config;
  if (path === undefined) {
    if (config.mode === 'scan') {
      const { RedisScanSource } = await import('./scan/scan-source.ts');
      return new RedisScanSource({ ...config, hostname: hostname! }, context);
    }
    const known = failures.get(config) ?? new LinkFailures();
    failures.set(config, known);
    return new RedisSource({ ...config, hostname: hostname! }, context, known);
  }
  const { RedisFileSource } = await import('./file/file-source.ts');
  return new RedisFileSource({ ...config, path }, context);
};
