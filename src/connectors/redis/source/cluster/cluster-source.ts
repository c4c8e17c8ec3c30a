import type { Batch, Lane, Position } from '../../../../core/batch.ts';
import type { Change } from '../../../../core/change.ts';
import type { Context, Source } from '../../../../core/connector.ts';
import { MillraceError } from '../../../../core/errors.ts';
import type { LogFigures } from '../../../../core/operating.ts';
import { dialTcp } from '../../../../net/dial.ts';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../../protocol/redis/key-slot.ts';
import { addressText, type ClusterMap, type ServerAddress } from '../../cluster/cluster-map.ts';
import { RedisCluster } from '../../cluster/redis-cluster.ts';
import type { RedisConnection } from '../../connection.ts';
import { openPrimary } from '../../sentinel.ts';
import { oneDatabase, type RedisServerConfig } from '../config.ts';
import { DeclaredRows } from '../declared-rows.ts';
import { lackedFieldTimes } from '../field-times.ts';
import { FollowedServer, keysAtOnce } from '../followed-server.ts';
import { ForeignWrites } from '../foreign-writes.ts';
import { LinkFailures } from '../link-failures.ts';
import { type LinkPlace, placesAt, placesCover, placesHold, positionAt, replicationLane } from '../link-place.ts';
import { confirmationKey, confirmed } from '../stream-commands.ts';
import { removeHistories } from '../stream-spool.ts';
import { Sweep } from '../sweep.ts';
import { beginningOf, historiesOf, relationOf } from './held-histories.ts';
import { RedirectedKeys } from './redirected-keys.ts';

/** Keys of all nodes together that wait to be read again: about 15 MB, twice while some are read. */
const maxDirtyKeys = 50_000;
const leastDirtyKeys = 2_000;
const gatherMs = 20;
const heartbeatMs = 1_000;
/** How often the nodes are asked which slots they have; at once where one sends us to another. */
const mapMs = 2_000;

/** A node whose stream is followed. */
interface Node {
  readonly address: ServerAddress;
  readonly server: FollowedServer;
  /** Whose slots were whose before it began. */
  readonly map: ClusterMap;
  /** Its snapshot has still to be taken. */
  hasSnapshot: boolean;
  /** It has no slots any more, and is let go of once its stream has been read up to here; null: it has. */
  leavesAt: number | null;
}

/** A reading of all keys. */
interface Reading {
  readonly marks: Sweep;
  /** What the target has beside them goes. */
  readonly isSwept: boolean;
  /** Also in tables of which there is no key. */
  readonly isEmptyOnPurpose: boolean;
  /** Where the nodes' streams were once all snapshots had been taken; null: they have not. */
  until: Map<string, number> | null;
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
  readonly #nodes = new Map<string, Node>();
  #cluster: RedisCluster | null = null;
  #stop = new AbortController();
  /** All keys are being read; null: they are not. */
  #sweep: Reading | null = null;
  /** What came behind a held place cannot be had, so that deletes may be missing. */
  #hasGap = false;
  #isMapOld = false;
  #snapshotting: readonly string[] | null = null;
  /** When reading began, in milliseconds since 1970, and batches since. */
  #runMs = 0;
  #batches = 0;

  /** Throws CONFIG_WRONG_VALUE and CONFIG_TEMPLATE. */
  constructor(config: RedisServerConfig, context: Context, failures: Map<string, LinkFailures>) {
    if (config.database !== 0) throw oneDatabase();
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
    const places = heldPlaces(held);
    for (const { server } of this.#begun()) {
      const place = places.find(({ replicationId }) => replicationId === server.place.replicationId);
      if (place !== undefined) await server.acknowledge(place.offset);
    }
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    const places = heldPlaces(held);
    const nodes = this.#begun();
    if (nodes.length === 0) return [{ ...unknownFigures, source: 'redis', server: this.#hostText }];
    return nodes.map(({ address, server }) => {
      const place = places.find(({ replicationId }) => replicationId === server.place.replicationId);
      const { end } = server;
      const text = addressText(address);
      return {
        ...unknownFigures,
        source: `redis ${text}`,
        server: text,
        offset: place?.offset ?? null,
        bytesBehind: place === undefined || end === null ? null : Math.max(0, end - place.offset),
        ...(this.#rows.elsewhere.length === 0 ? {} : { conflicts: this.#foreignOf(text).total }),
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** Reads over links to all nodes, until the signal aborts or nothing is known of the keys any more. */
  async *#follow(
    from: readonly LinkPlace[] | null,
    skipsSnapshot: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Batch> {
    const stop = new AbortController();
    this.#stop = stop;
    const abort = (): void => stop.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const { clock } = this.#context;
      const options = { config: this.#config, dial: dialTcp, clock, signal: stop.signal, name: this.#name };
      this.#cluster = await RedisCluster.open(options, await openPrimary(options));
      this.#hasGap = false;
      yield* this.#begin(from, skipsSnapshot);
      if (!this.#startsAnew) yield* this.#changes(from === null ? null : positionAt(from), signal);
    } catch (error) {
      if (signal.aborted) return;
      for (const { server } of this.#nodes.values()) server.countEnd();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      stop.abort();
      await this.#close();
    }
  }

  /** Links to all primaries. */
  async *#begin(from: readonly LinkPlace[] | null, skipsSnapshot: boolean): AsyncGenerator<Batch> {
    const cluster = this.#cluster!;
    for (const node of await cluster.primaries()) {
      const lacked = await lackedFieldTimes(node, this.#config);
      if (lacked !== null) throw lacked;
    }
    const { nodes, lost } = await beginningOf(cluster, from ?? []);
    if (lost.length > 0) {
      const { log, pipeline } = this.#context;
      log.warn('nodes of the cluster are gone with what came after the position', {
        pipeline,
        nodes: lost.length,
        readAgain: this.#rows.deletes ? 'all nodes, to find what is gone' : 'none',
      });
    }
    this.#hasGap = this.#rows.deletes && lost.length > 0;
    if (this.#hasGap) return;
    const { 'spool.directory': directory } = this.#config;
    const known = new Set((from ?? []).map(({ replicationId }) => replicationId));
    if (directory !== undefined) await removeHistories(directory, (name) => !known.has(name));
    if (from === null && !skipsSnapshot) await this.#beginSweep();
    for (const each of nodes) await this.#link(each.address, each.from);
    for (const node of this.#nodes.values()) await this.#begins(node);
    if (!skipsSnapshot) return;
    for (const node of this.#nodes.values()) {
      if (!node.hasSnapshot) continue;
      await node.server.dropSnapshot();
      node.hasSnapshot = false;
    }
    yield this.#batch([], true);
  }

  async *#changes(held: Position | null, signal: AbortSignal): AsyncGenerator<Batch> {
    const { clock } = this.#context;
    let told = held;
    let [toldMs, mappedMs] = [clock.monotonic(), clock.monotonic()];
    const tell = (changes: readonly Change[], isWhole: boolean): Batch => {
      const batch = this.#batch(changes, isWhole);
      const position = batch.positions.get(replicationLane);
      if (position !== undefined) [told, toldMs] = [position, clock.monotonic()];
      return batch;
    };
    while (!signal.aborted && !this.#startsAnew) {
      for (const node of this.#nodes.values()) {
        if (!node.hasSnapshot) continue;
        yield* this.#snapshot(node);
        // The place is told as soon as there is one.
        toldMs = Number.NEGATIVE_INFINITY;
      }
      const swept = await this.#sweptBy();
      if (swept !== null) yield tell(swept, true);
      if (!this.#isFrozen) this.#snapshotting = [];
      if (clock.monotonic() - toldMs >= heartbeatMs && ![null, told].includes(this.#position())) yield tell([], true);
      await this.#moved(signal);
      for (const { server } of this.#nodes.values()) await server.look();
      if (this.#isMapOld || clock.monotonic() - mappedMs >= mapMs) {
        await this.#followMap();
        mappedMs = clock.monotonic();
      }
      await this.#letGo();
      await clock.sleep(gatherMs, signal);
      for (const { server } of [...this.#nodes.values()]) {
        for await (const { changes, place } of server.changed()) {
          const batch = tell(changes, place !== null);
          if (batch.positions.size + changes.length > 0) yield batch;
        }
      }
      this.#warnOfConflicts();
    }
  }

  get #startsAnew(): boolean {
    return this.#hasGap || this.#begun().some(({ server }) => server.startsAnew);
  }

  /** Whether rows are still under way of which no place may tell. */
  get #isFrozen(): boolean {
    return this.#sweep !== null || this.#begun().some(({ hasSnapshot }) => hasSnapshot);
  }

  #begun(): readonly Node[] {
    return [...this.#nodes.values()].filter(({ server }) => server.hasBegun);
  }

  /** Where all nodes are; null: rows from before are still under way. */
  #position(): Position | null {
    return this.#isFrozen ? null : positionAt(this.#begun().map(({ server }) => server.place));
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

  /** Asks a node for its stream. */
  async #link(address: ServerAddress, from: LinkPlace | null): Promise<Node> {
    const { clock } = this.#context;
    const { signal } = this.#stop;
    const cluster = this.#cluster!;
    const text = addressText(address);
    const failures = this.#failures.get(text) ?? new LinkFailures();
    this.#failures.set(text, failures);
    const reader = await cluster.at(address);
    const { map } = cluster;
    const connection = await cluster.dial(address);
    failures.asked();
    const server = await FollowedServer.open({
      config: this.#config,
      context: this.#context,
      rows: this.#rows,
      foreign: this.#foreignOf(text),
      reader,
      connection,
      keys: new RedirectedKeys({ own: reader, at: (other) => this.#followed(other), clock, signal }),
      from,
      spool: {
        directory: this.#config['spool.directory'] ?? null,
        maxBytes: this.#config['spool.max-size'],
        isShared: true,
      },
      failures,
      maxDirtyKeys: Math.max(leastDirtyKeys, Math.floor(maxDirtyKeys / map.primaries.length)),
    });
    const node: Node = { address, server, map, hasSnapshot: false, leavesAt: null };
    this.#nodes.set(text, node);
    return node;
  }

  /** Waits until a node's link has begun. */
  async #begins(node: Node): Promise<void> {
    node.hasSnapshot = (await node.server.begins()) === 'snapshot';
    if (!node.hasSnapshot) return;
    this.#snapshotting = this.#rows.labels;
    if (node.server.from === null) return;
    this.#warnOfGap();
    if (this.#rows.deletes) this.#hasGap = true;
  }

  /**
   * A node that turns up is followed from now on: its snapshot has what came to it before. Throws REDIS_NOT_READY where it has taken the place
   * of another: then all links are begun anew, and this one goes on where that one was.
   */
  async #admit(address: ServerAddress): Promise<void> {
    const { log, pipeline } = this.#context;
    const cluster = this.#cluster!;
    const text = addressText(address);
    const places = new Map(this.#begun().map((each) => [addressText(each.address), each.server.place]));
    const relation = await relationOf(cluster, await cluster.at(address), places);
    if (relation === 'same') return;
    if (relation === 'successor') {
      throw new MillraceError('REDIS_NOT_READY', {
        server: text,
        reason: 'it has just taken the place of another node',
      });
    }
    log.info('another node of the cluster is followed', { pipeline, node: text });
    await this.#begins(await this.#link(address, null));
  }

  /** A connection to a node for reading keys, once its stream is followed. */
  async #followed(address: ServerAddress): Promise<RedisConnection> {
    this.#isMapOld = true;
    if (!this.#nodes.has(addressText(address))) await this.#admit(address);
    return await this.#cluster!.at(address);
  }

  /** Follows who has slots, and notes who has none any more. */
  async #followMap(): Promise<void> {
    const cluster = this.#cluster!;
    this.#isMapOld = false;
    await cluster.refreshFromAll();
    const owners = new Set(cluster.map.primaries.map(addressText));
    for (const address of cluster.map.primaries) if (!this.#nodes.has(addressText(address))) await this.#admit(address);
    for (const [text, node] of this.#nodes) {
      if (owners.has(text)) node.leavesAt = null;
      else node.leavesAt ??= (await historiesOf(node.server.reader)).offset;
    }
  }

  /** Lets go of nodes that have no slots any more, once all that they had to tell has been read. */
  async #letGo(): Promise<void> {
    const { log, pipeline } = this.#context;
    for (const [text, { address, server, hasSnapshot, leavesAt }] of this.#nodes) {
      if (leavesAt === null || hasSnapshot || server.place.offset < leavesAt) continue;
      this.#nodes.delete(text);
      await server[Symbol.asyncDispose]();
      await this.#cluster!.forget(address);
      log.info('a node of the cluster has no slots any more, and is let go of', { pipeline, node: text });
    }
  }

  /** With deletes, what the target has beside all keys goes, unless a node has none: then it was maybe emptied, and that must be confirmed. */
  async #beginSweep(): Promise<void> {
    const cluster = this.#cluster!;
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

  async *#snapshot(node: Node): AsyncGenerator<Batch> {
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
  async #sweptBy(): Promise<readonly Change[] | null> {
    const sweep = this.#sweep;
    if (sweep === null || this.#begun().some(({ hasSnapshot }) => hasSnapshot)) return null;
    if (sweep.isSwept && sweep.until === null) {
      sweep.until = new Map();
      await this.#followMap();
      for (const [text, { server }] of this.#nodes) {
        sweep.until.set(text, (await historiesOf(server.reader)).offset);
      }
      return null;
    }
    for (const [text, offset] of sweep.until ?? []) {
      const node = this.#nodes.get(text);
      if (node !== undefined && node.server.place.offset < offset) return null;
    }
    if (sweep.isEmptyOnPurpose) for (const table of this.#rows.tables) sweep.marks.met(table);
    this.#sweep = null;
    return [...sweep.marks.begins(), ...sweep.marks.ends()];
  }

  /** Resolves when there is something to read again, or it is time for the position. Throws what ended a link. */
  async #moved(signal: AbortSignal): Promise<void> {
    const nodes = [...this.#nodes.values()];
    for (const { server } of nodes) server.check();
    if (nodes.some(({ server, hasSnapshot }) => server.hasChanged || hasSnapshot)) return;
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    try {
      await Promise.race(nodes.map(({ server }) => server.moved(heartbeatMs, either)));
    } finally {
      woken.abort();
    }
  }

  #foreignOf(address: string): ForeignWrites {
    const foreign = this.#foreign.get(address) ?? new ForeignWrites(this.#rows.elsewhere);
    this.#foreign.set(address, foreign);
    return foreign;
  }

  #warnOfConflicts(): void {
    let conflicts = 0;
    for (const foreign of this.#foreign.values()) conflicts += foreign.takeNew();
    if (conflicts === 0) return;
    const { log, pipeline } = this.#context;
    log.warn('what the other side owns was written here; it stays as it is there', {
      pipeline,
      conflicts,
    });
  }

  #warnOfGap(): void {
    const { log, pipeline } = this.#context;
    log.warn('a node of the cluster no longer has what came after the position', {
      pipeline,
      readAgain: this.#rows.deletes ? 'all nodes, to find what is gone' : 'this node',
    });
  }

  get #hostText(): string {
    const { hostname, port } = this.#config;
    return addressText({ hostname, port });
  }

  get #name(): string {
    return `millrace:${this.#context.pipeline}`.replaceAll(/[^!-~]/g, '_');
  }

  async #close(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.all(nodes.map(({ server }) => server[Symbol.asyncDispose]()));
    await this.#cluster?.[Symbol.asyncDispose]();
    this.#cluster = null;
  }
}

const unknownFigures = {
  file: null,
  offset: null,
  gtids: null,
  bytesBehind: null,
  transactionsBehind: null,
  clockSkewMs: null,
  retentionSeconds: null,
};

const heldPlaces = (held: ReadonlyMap<Lane, Position>): readonly LinkPlace[] => {
  const at = held.get(replicationLane);
  return at === undefined ? [] : placesAt(at);
};
