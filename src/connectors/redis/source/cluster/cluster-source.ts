import type { Batch, Lane, Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import type { Context, Source } from '../../../../core/connector.ts';
import type { LogFigures } from '../../../../core/operating.ts';
import { dialTcp } from '../../../../net/dial.ts';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../../protocol/redis/key-slot.ts';
import { addressText } from '../../cluster/cluster-map.ts';
import { RedisCluster } from '../../cluster/redis-cluster.ts';
import { openPrimary } from '../../sentinel.ts';
import type { RedisServerConfig } from '../config.ts';
import { DeclaredRows } from '../declared-rows.ts';
import { lackedFieldTimes } from '../field-times.ts';
import { type FollowedServer, keysAtOnce } from '../followed-server.ts';
import type { ForeignWrites } from '../foreign-writes.ts';
import type { LinkFailures } from '../link-failures.ts';
import { type LinkPlace, placesAt, placesCover, placesHold, positionAt, replicationLane } from '../link-place.ts';
import { confirmationKey, confirmed } from '../stream-commands.ts';
import { Sweep } from '../sweep.ts';
import { ClusterLinks, type FollowedNode, unknownFigures } from './cluster-links.ts';
import { historiesOf } from './held-histories.ts';

const gatherMs = 20;
const heartbeatMs = 1_000;

/** A reading of all keys. */
interface Reading {
  readonly marks: Sweep;
  /** What the target has beside them goes. */
  readonly isSwept: boolean;
  /** Also in tables of which there is no key. */
  readonly isEmptyOnPurpose: boolean;
  /** Where the nodes' streams were once all snapshots had been taken; null: they have not. */
  until: Map<FollowedServer, number> | null;
}

/**
 * Reads the keys of a Redis Cluster as rows: as a replica of each of its primaries. A key that a node's stream names is read where it is
 * by then, and only from nodes whose stream is followed already; so what happens to it later is in a stream, wherever its slot goes, and one
 * that left a node is not taken for one that is gone. All nodes' places are held together.
 */
export class RedisClusterSource implements Source {
  readonly #config: RedisServerConfig;
  readonly #context: Context;
  readonly #rows: DeclaredRows;
  /** Of all attempts with these settings, by address. */
  readonly #failures: Map<string, LinkFailures>;
  /** By address, over all links of this reading. */
  readonly #foreign = new Map<string, ForeignWrites>();
  #links: ClusterLinks | null = null;
  /** All keys are being read; null: they are not. */
  #sweep: Reading | null = null;
  #snapshotting: readonly string[] | null = null;
  /** When reading began, in milliseconds since 1970, and batches since. */
  #runMs = 0;
  #batches = 0;

  /** Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
  constructor(config: RedisServerConfig, context: Context, failures: Map<string, LinkFailures>) {
    this.#config = config;
    this.#context = context;
    this.#failures = failures;
    this.#rows = new DeclaredRows(config, context, keysAtOnce);
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    const at = await held(replicationLane);
    this.#runMs = Math.floor(this.#context.clock.now());
    let from = at === null ? null : placesAt(at);
    while (!signal.aborted) {
      yield* this.#follow(from, at === null && this.#config['scan.startup.mode'] === 'latest-offset', signal);
      // Nothing is known of the keys any more.
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
    await this.#links?.acknowledge(heldPlaces(held));
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const figures = this.#links?.figures(heldPlaces(held)) ?? [];
    if (figures.length > 0) return figures;
    const { hostname, port } = this.#config;
    return [{ ...unknownFigures, source: 'redis', server: addressText({ hostname, port }) }];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#links?.[Symbol.asyncDispose]();
  }

  /** Reads over links to all nodes, until the signal aborts or nothing is known of the keys any more. */
  async *#follow(
    from: readonly LinkPlace[] | null,
    skipsSnapshot: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Batch> {
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const { clock } = this.#context;
      const options = { config: this.#config, dial: dialTcp, clock, signal: stop.signal, name: this.#name };
      const cluster = await RedisCluster.open(options, await openPrimary(options));
      const links = new ClusterLinks({
        config: this.#config,
        context: this.#context,
        rows: this.#rows,
        failures: this.#failures,
        foreign: this.#foreign,
        cluster,
        signal: stop.signal,
      });
      this.#links = links;
      yield* this.#begin(links, from, skipsSnapshot);
      yield* this.#changes(links, from === null ? null : positionAt(from), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#links?.countEnds();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.abort();
      await this.#links?.[Symbol.asyncDispose]();
      this.#links = null;
    }
  }

  /** Links to all primaries. */
  async *#begin(links: ClusterLinks, from: readonly LinkPlace[] | null, skipsSnapshot: boolean): AsyncGenerator<Batch> {
    for (const node of await links.cluster.primaries()) {
      const lacked = await lackedFieldTimes(node, this.#config);
      if (lacked !== null) throw lacked;
    }
    if (from === null && !skipsSnapshot) await this.#beginSweep(links.cluster);
    await links.open(from ?? []);
    if (!skipsSnapshot) return;
    for (const node of links.nodes) {
      if (!node.hasSnapshot) continue;
      await node.server.dropSnapshot();
      node.hasSnapshot = false;
    }
    yield this.#batch([], true);
  }

  async *#changes(links: ClusterLinks, held: Position | null, signal: AbortSignal): AsyncGenerator<Batch> {
    const { clock } = this.#context;
    let told = held;
    let toldMs = clock.monotonic();
    const tell = (changes: readonly Change[], isWhole: boolean): Batch => {
      const batch = this.#batch(changes, isWhole);
      const position = batch.positions.get(replicationLane);
      if (position !== undefined) [told, toldMs] = [position, clock.monotonic()];
      return batch;
    };
    while (!signal.aborted && !links.startsAnew) {
      this.#snapshotting = this.#isFrozen ? this.#rows.labels : [];
      for (const node of links.nodes) {
        if (!node.hasSnapshot) continue;
        yield* this.#snapshot(node);
        // The place is told as soon as there is one.
        toldMs = Number.NEGATIVE_INFINITY;
      }
      const swept = await this.#sweptBy(links);
      if (swept !== null) yield tell(swept, true);
      if (clock.monotonic() - toldMs >= heartbeatMs && ![null, told].includes(this.#position())) yield tell([], true);
      await links.moved(heartbeatMs, signal);
      await links.look();
      await clock.sleep(gatherMs, signal);
      for (const { server } of links.nodes) {
        for await (const { changes, place } of server.changed()) {
          const batch = tell(changes, place !== null);
          if (batch.positions.size + changes.length > 0) yield batch;
        }
      }
      links.warnOfConflicts();
    }
  }

  /** Whether rows are still under way of which no place may tell. */
  get #isFrozen(): boolean {
    return this.#sweep !== null || this.#links!.nodes.some(({ hasSnapshot }) => hasSnapshot);
  }

  /** Where all nodes are; null: rows from before are still under way. */
  #position(): Position | null {
    return this.#isFrozen ? null : positionAt(this.#links!.nodes.map(({ server }) => server.place));
  }

  #batch(changes: readonly Change[], isWhole: boolean): Batch {
    const position = isWhole ? this.#position() : null;
    this.#batches += 1;
    return {
      changes,
      positions: new Map(position === null ? [] : [[replicationLane, position]]),
      version: `${String(this.#runMs).padStart(13, '0')}${String(this.#batches).padStart(10, '0')}`,
    };
  }

  /** With deletes, what the target has beside all keys goes, unless a node has none: then it was maybe emptied, and that must be confirmed. */
  async #beginSweep(cluster: RedisCluster): Promise<void> {
    const key = confirmationKey(this.#config, this.#context.pipeline);
    const name = Buffer.from(key ?? '');
    const answer = key === null ? null : await cluster.command(name, encodeCommand('GET', key));
    const isEmptyOnPurpose = String(answer) === confirmed;
    const empty: string[] = [];
    for (const node of await cluster.primaries()) {
      if (!/^db0:keys=/m.test(String(await node.command('INFO', 'keyspace')))) empty.push(node.address);
    }
    const { deletes } = this.#rows;
    const isSwept = deletes && (isEmptyOnPurpose || empty.length === 0);
    this.#sweep = { marks: new Sweep(isSwept), isSwept, isEmptyOnPurpose, until: null };
    if (!deletes || isSwept) return;
    const { log, pipeline } = this.#context;
    log.warn('a node of the cluster has no keys at all, so rows without a key stay', {
      pipeline,
      nodes: empty.join(),
      ...(key === null ? {} : { toDeleteThem: `SET ${key} ${confirmed}` }),
    });
  }

  async *#snapshot(node: FollowedNode): AsyncGenerator<Batch> {
    const { marks } = this.#sweep ?? { marks: new Sweep(false) };
    const { map, address, server } = node;
    const own = map.primaries.findIndex((each) => addressText(each) === addressText(address));
    // A slot on its way is on two nodes, and one that was left behind on none: the keys are read where the cluster says that they are.
    const isElsewhere = (key: Buffer): boolean => map.ownerOf(keySlot(key)) !== own;
    for await (const rows of server.snapshot((table) => marks.met(table), isElsewhere)) {
      const changes = [...marks.begins(), ...rows];
      if (changes.length > 0) yield this.#batch(changes, false);
    }
    node.hasSnapshot = false;
  }

  /**
   * The marks that end a reading of all keys, once it has ended; null: there is none, or it has not. A key may have left a node before its
   * snapshot, and come to another behind its own: that one's stream brings it, so the streams are read first.
   */
  async #sweptBy(links: ClusterLinks): Promise<readonly Change[] | null> {
    const sweep = this.#sweep;
    if (sweep === null || links.nodes.some(({ hasSnapshot }) => hasSnapshot)) return null;
    if (sweep.isSwept && sweep.until === null) {
      await links.followMap();
      sweep.until = new Map();
      for (const { server } of links.nodes) sweep.until.set(server, (await historiesOf(server.reader)).offset);
      return null;
    }
    for (const { server } of links.nodes) if (server.place.offset < (sweep.until?.get(server) ?? 0)) return null;
    if (sweep.isEmptyOnPurpose) for (const table of this.#rows.tables) sweep.marks.met(table);
    this.#sweep = null;
    return [...sweep.marks.begins(), ...sweep.marks.ends()];
  }

  get #name(): string {
    return `millrace:${this.#context.pipeline}`.replaceAll(/[^!-~]/g, '_');
  }
}

const heldPlaces = (held: ReadonlyMap<Lane, Position>): readonly LinkPlace[] => {
  const at = held.get(replicationLane);
  return at === undefined ? [] : placesAt(at);
};
