import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import type { Context, Source } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { LogFigures } from '../../../core/operating.ts';
import { dialTcp } from '../../../net/dial.ts';
import type { RedisConnection } from '../connection.ts';
import { openPrimary } from '../sentinel.ts';
import type { RedisServerConfig, RedisSourceConfig } from './config.ts';
import { DeclaredRows } from './declared-rows.ts';
import { lackedFieldTimes } from './field-times.ts';
import { FollowedServer, keysAtOnce } from './followed-server.ts';
import { ForeignWrites } from './foreign-writes.ts';
import { keyReaderOf } from './key-reader.ts';
import { LinkFailures } from './link-failures.ts';
import { type LinkPlace, placesAt, placesCover, placesHold, positionAt, replicationLane } from './link-place.ts';
import { LiveSource } from './live-source.ts';
import { confirmationKey, confirmed } from './stream-commands.ts';
import { Sweep } from './sweep.ts';

/** Keys that wait to be read again, while the stream waits in its spool: about 15 MB, twice while some are read. */
const maxDirtyKeys = 50_000;
/** How long commands gather, so that a key that changes often is read once. */
const gatherMs = 20;
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
  /** Over all links of this reading. */
  readonly #foreign: ForeignWrites;
  /** Of all attempts with these settings. */
  readonly #failures: LinkFailures;
  #server: FollowedServer | null = null;
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
    // What was held of the nodes of a cluster is not what one server has.
    const places = at === null ? [] : placesAt(at);
    let from = places.length === 1 ? places[0]! : null;
    while (!signal.aborted) {
      yield* this.#follow(from, at === null && this.#config['scan.startup.mode'] === 'latest-offset', signal);
      // Databases were swapped, or an emptied one was confirmed: nothing is known of the keys any more.
      from = null;
    }
  }

  covers(held: Position, at: Position): boolean {
    return placesCover(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return placesHold(held, change);
  }

  snapshotting(): readonly string[] | null {
    return this.#snapshotting;
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    const at = held.get(replicationLane);
    if (at === undefined) return;
    await this.#server?.acknowledge(placesAt(at)[0]!.offset);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const { hostname, port } = this.#config;
    const at = held.get(replicationLane);
    const offset = at === undefined ? null : placesAt(at)[0]!.offset;
    const end = this.#server?.end ?? null;
    return [
      {
        source: 'redis',
        server: `${hostname}:${port}`,
        file: null,
        offset,
        gtids: null,
        bytesBehind: offset === null || end === null ? null : Math.max(0, end - offset),
        transactionsBehind: null,
        ...(this.#rows.elsewhere.length === 0 ? {} : { conflicts: this.#foreign.total }),
        spoolBytes: this.#server?.spoolBytes ?? 0,
        readAgain: this.#failures.gaps,
        clockSkewMs: null,
        retentionSeconds: null,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /** Reads over one link, until the signal aborts or databases are swapped. */
  async *#follow(from: LinkPlace | null, skipsSnapshot: boolean, signal: AbortSignal): AsyncGenerator<Batch> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const reader = await this.#connect(stop.signal);
      const lacked = await lackedFieldTimes(reader, this.#config);
      if (lacked !== null) throw lacked;
      const connection = await this.#connect(stop.signal);
      this.#failures.asked();
      const server = await FollowedServer.open({
        config: this.#config,
        context: this.#context,
        rows: this.#rows,
        foreign: this.#foreign,
        reader,
        connection,
        keys: keyReaderOf(reader),
        from,
        spool: { directory: this.#config['spool.directory'] ?? null, maxBytes: this.#config['spool.max-size'] },
        failures: this.#failures,
        maxDirtyKeys,
      });
      this.#server = server;
      if ((await server.begins()) === 'snapshot') {
        this.#warnOfGap(from);
        if (!skipsSnapshot) yield* this.#snapshot(server, await this.#isEmptyOnPurpose(reader));
        await server.dropSnapshot();
        yield batch([], server.place);
      }
      this.#snapshotting = [];
      yield* this.#changesOf(server, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failures.ended(error, `${this.#config.hostname}:${this.#config.port}`);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.abort();
      await this.#server?.[Symbol.asyncDispose]();
      this.#server = null;
    }
  }

  async #isEmptyOnPurpose(reader: RedisConnection): Promise<boolean> {
    const key = confirmationKey(this.#config, this.#context.pipeline);
    return key !== null && String(await reader.command('GET', key)) === confirmed;
  }

  /** All rows. With deletes, rows of the target that are not among them go; those of a table without any row stay, unless it was confirmed. */
  async *#snapshot(server: FollowedServer, isEmptyOnPurpose: boolean): AsyncGenerator<Batch> {
    const { place } = server;
    const sweep = new Sweep(this.#rows.deletes);
    this.#snapshotting = this.#rows.labels;
    for await (const rows of server.snapshot((table) => sweep.met(table))) {
      const changes = [...sweep.begins(), ...rows];
      if (changes.length > 0) yield { ...batch(changes, place), positions: nowhere };
    }
    if (isEmptyOnPurpose) for (const table of this.#rows.tables) sweep.met(table);
    const ends = [...sweep.begins(), ...sweep.ends()];
    if (ends.length > 0) yield batch(ends, place);
  }

  async *#changesOf(server: FollowedServer, signal: AbortSignal): AsyncGenerator<Batch> {
    const { clock } = this.#context;
    let told = server.place;
    let toldMs = clock.monotonic();
    while (!signal.aborted && !server.startsAnew) {
      if (server.hasChanged) server.check();
      else await server.moved(heartbeatMs, signal);
      await server.look();
      await clock.sleep(gatherMs, signal);
      for await (const { changes, place } of server.changed()) {
        yield place === null ? { ...batch(changes, server.place), positions: nowhere } : batch(changes, place);
        if (place === null) continue;
        told = place;
        toldMs = clock.monotonic();
      }
      if (server.place.offset !== told.offset && clock.monotonic() - toldMs >= heartbeatMs) {
        told = server.place;
        toldMs = clock.monotonic();
        yield batch([], told);
      }
      this.#warnOfConflicts();
    }
  }

  #warnOfConflicts(): void {
    const conflicts = this.#foreign.takeNew();
    if (conflicts === 0) return;
    const { log, pipeline } = this.#context;
    log.warn('what the other side owns was written here; it stays as it is there', {
      pipeline,
      conflicts,
    });
  }

  #warnOfGap(from: LinkPlace | null): void {
    if (from === null) return;
    this.#failures.gap();
    const { log, pipeline } = this.#context;
    log.warn('the server no longer has what came after the position, so everything is read again', { pipeline });
  }

  async #connect(signal: AbortSignal): Promise<RedisConnection> {
    const { clock, pipeline } = this.#context;
    const name = `millrace:${pipeline}`.replaceAll(/[^!-~]/g, '_');
    return await openPrimary({ config: this.#config, dial: dialTcp, clock, signal, name });
  }
}

/** Of rows that are read on the way to a place. With the place they began at, a sink would take them for what it holds. */
const nowhere: ReadonlyMap<Lane, Position> = new Map();

const batch = (changes: readonly Change[], place: LinkPlace): Batch => ({
  changes,
  positions: new Map([[replicationLane, positionAt([place])]]),
  version: String(place.offset).padStart(19, '0'),
});

interface Failures {
  readonly whole: LinkFailures;
  /** Of a cluster, by address. */
  readonly byNode: Map<string, LinkFailures>;
}

/** A source is opened anew at each attempt, with the same settings. */
const failures = new WeakMap<RedisSourceConfig, Failures>();

/** Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
export const openRedisSource = async (config: RedisSourceConfig, context: Context): Promise<Source> => {
  if ((context.sinks ?? 1) > 1) {
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'sinks', reason: 'a redis source has one' });
  }
  const { hostname, path } = config;
  if (path === undefined) {
    const of = { ...config, hostname: hostname! };
    if (config.mode === 'scan') return new (await import('./scan/scan-source.ts')).RedisScanSource(of, context);
    const known = failures.get(config) ?? { whole: new LinkFailures(), byNode: new Map() };
    failures.set(config, known);
    const whole = new RedisSource(of, context, known.whole);
    const cluster = async (): Promise<Source> => {
      const { RedisClusterSource } = await import('./cluster/cluster-source.ts');
      return new RedisClusterSource(of, context, known.byNode);
    };
    const link = new LiveSource({ whole, cluster }, of, context);
    return config['scan.fallback']
      ? (await import('./scan/link-or-scan.ts')).linkOrScan(link, config, of, context)
      : link;
  }
  const { RedisFileSource } = await import('./file/file-source.ts');
  return new RedisFileSource({ ...config, path }, context);
};
