import type { Context } from '../../../../core/connector.ts';
import { MillraceError } from '../../../../core/errors.ts';
import type { LogFigures } from '../../../../core/operating.ts';
import { addressText, type ClusterMap, type ServerAddress } from '../../cluster/cluster-map.ts';
import type { RedisCluster } from '../../cluster/redis-cluster.ts';
import type { RedisConnection } from '../../connection.ts';
import type { RedisServerConfig } from '../config.ts';
import type { DeclaredRows } from '../declared-rows.ts';
import { FollowedServer } from '../followed-server.ts';
import { ForeignWrites } from '../foreign-writes.ts';
import { LinkFailures } from '../link-failures.ts';
import type { LinkPlace } from '../link-place.ts';
import { removeHistories } from '../stream-spool.ts';
import { beginningOf, historiesOf, relationOf } from './held-histories.ts';
import { RedirectedKeys } from './redirected-keys.ts';

/** Keys of all nodes together that wait to be read again: about 15 MB, twice while some are read. */
const maxDirtyKeys = 50_000;
const leastDirtyKeys = 2_000;
/** How often the nodes are asked which slots they have; at once where one sends us to another. */
const mapMs = 2_000;

interface Options {
  readonly config: RedisServerConfig;
  readonly context: Context;
  readonly rows: DeclaredRows;
  /** Of all attempts with these settings, by address. */
  readonly failures: Map<string, LinkFailures>;
  /** By address, over all links of a reading. */
  readonly foreign: Map<string, ForeignWrites>;
  readonly cluster: RedisCluster;
  readonly signal: AbortSignal;
}

/** A node whose stream is followed. */
export interface FollowedNode {
  readonly address: ServerAddress;
  readonly server: FollowedServer;
  /** Whose slots were whose before it began. */
  readonly map: ClusterMap;
  /** Its snapshot has still to be taken. */
  hasSnapshot: boolean;
  /** It has no slots any more, and is let go of once its stream has been read up to here; null: it has. */
  leavesAt: number | null;
}

/** The links to the nodes of a cluster that have slots, or had some and have still to tell of it. */
export class ClusterLinks implements AsyncDisposable {
  readonly cluster: RedisCluster;
  readonly #options: Options;
  /** By address. */
  readonly #nodes = new Map<string, FollowedNode>();
  /** What came behind a held place cannot be had, so that deletes may be missing. */
  #hasGap = false;
  #isMapOld = false;
  #mappedMs: number;

  constructor(options: Options) {
    this.#options = options;
    this.cluster = options.cluster;
    this.#mappedMs = options.context.clock.monotonic();
  }

  /** Those whose links have begun. */
  get nodes(): readonly FollowedNode[] {
    return [...this.#nodes.values()].filter(({ server }) => server.hasBegun);
  }

  /** Nothing is known of the keys any more. */
  get startsAnew(): boolean {
    return this.#hasGap || this.nodes.some(({ server }) => server.startsAnew);
  }

  /** Links to all primaries, and waits until they have begun. */
  async open(held: readonly LinkPlace[]): Promise<void> {
    const { config, context, rows } = this.#options;
    const { nodes, lost } = await beginningOf(this.cluster, held);
    if (lost.length > 0) {
      const { log, pipeline } = context;
      log.warn('nodes of the cluster are gone with what came after the position', {
        pipeline,
        nodes: lost.length,
        readAgain: rows.deletes ? 'all nodes, to find what is gone' : 'none',
      });
    }
    this.#hasGap = rows.deletes && lost.length > 0;
    if (this.#hasGap) return;
    const { 'spool.directory': directory } = config;
    const known = new Set(held.map(({ replicationId }) => replicationId));
    if (directory !== undefined) await removeHistories(directory, (name) => !known.has(name));
    for (const { address, from } of nodes) await this.#link(address, from);
    for (const node of this.#nodes.values()) await this.#begins(node);
  }

  async acknowledge(held: readonly LinkPlace[]): Promise<void> {
    for (const { server } of this.nodes) {
      const place = held.find(({ replicationId }) => replicationId === server.place.replicationId);
      if (place !== undefined) await server.acknowledge(place.offset);
    }
  }

  figures(held: readonly LinkPlace[]): readonly LogFigures[] {
    return this.nodes.map(({ address, server }) => {
      const place = held.find(({ replicationId }) => replicationId === server.place.replicationId);
      const { end } = server;
      const text = addressText(address);
      return {
        ...unknownFigures,
        source: `redis ${text}`,
        server: text,
        offset: place?.offset ?? null,
        bytesBehind: place === undefined || end === null ? null : Math.max(0, end - place.offset),
        ...(this.#options.rows.elsewhere.length === 0 ? {} : { conflicts: this.#foreignOf(text).total }),
      };
    });
  }

  /** Counts the links that have ended. Throws REDIS_REPLICATION_CUT_OFF once that has happened too often to one. */
  countEnds(): void {
    for (const { server } of this.#nodes.values()) server.countEnd();
  }

  /** Resolves when there is something to read again, or it is time for the position. Throws what ended a link. */
  async moved(withinMs: number, signal: AbortSignal): Promise<void> {
    const { nodes } = this;
    for (const { server } of nodes) server.check();
    if (nodes.some(({ server, hasSnapshot }) => server.hasChanged || hasSnapshot)) return;
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    try {
      await Promise.race(nodes.map(({ server }) => server.moved(withinMs, either)));
    } finally {
      woken.abort();
    }
  }

  /** Asks the nodes now and then how far they are, and which slots they have. Throws REDIS_REPLICATION_STUCK and REDIS_NOT_READY. */
  async look(): Promise<void> {
    const { clock } = this.#options.context;
    for (const { server } of this.nodes) await server.look();
    if (this.#isMapOld || clock.monotonic() - this.#mappedMs >= mapMs) await this.followMap();
    await this.#letGo();
  }

  /** Follows who has slots, and notes who has none any more. */
  async followMap(): Promise<void> {
    const { cluster } = this;
    this.#isMapOld = false;
    this.#mappedMs = this.#options.context.clock.monotonic();
    await cluster.refreshFromAll();
    const owners = new Set(cluster.map.primaries.map(addressText));
    for (const address of cluster.map.primaries) if (!this.#nodes.has(addressText(address))) await this.#admit(address);
    for (const [text, node] of this.#nodes) {
      if (owners.has(text)) node.leavesAt = null;
      else node.leavesAt ??= (await historiesOf(node.server.reader)).offset;
    }
  }

  warnOfConflicts(): void {
    let conflicts = 0;
    for (const foreign of this.#options.foreign.values()) conflicts += foreign.takeNew();
    if (conflicts === 0) return;
    const { log, pipeline } = this.#options.context;
    log.warn('what the other side owns was written here; it stays as it is there', {
      pipeline,
      conflicts,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    await Promise.all(nodes.map(({ server }) => server[Symbol.asyncDispose]()));
    await this.cluster[Symbol.asyncDispose]();
  }

  /** Asks a node for its stream. */
  async #link(address: ServerAddress, from: LinkPlace | null): Promise<FollowedNode> {
    const { config, context, rows, signal } = this.#options;
    const { clock } = context;
    const { cluster } = this;
    const text = addressText(address);
    const failures = this.#options.failures.get(text) ?? new LinkFailures();
    this.#options.failures.set(text, failures);
    const reader = await cluster.at(address);
    const { map } = cluster;
    const connection = await cluster.dial(address);
    failures.asked();
    const server = await FollowedServer.open({
      config,
      context,
      rows,
      foreign: this.#foreignOf(text),
      reader,
      connection,
      keys: new RedirectedKeys({ own: reader, at: (other) => this.#followed(other), clock, signal }),
      from,
      spool: {
        directory: config['spool.directory'] ?? null,
        maxBytes: config['spool.max-size'],
        isShared: true,
      },
      failures,
      maxDirtyKeys: Math.max(leastDirtyKeys, Math.floor(maxDirtyKeys / map.primaries.length)),
    });
    const node: FollowedNode = { address, server, map, hasSnapshot: false, leavesAt: null };
    this.#nodes.set(text, node);
    return node;
  }

  /** Waits until a node's link has begun. */
  async #begins(node: FollowedNode): Promise<void> {
    node.hasSnapshot = (await node.server.begins()) === 'snapshot';
    if (!node.hasSnapshot || node.server.from === null) return;
    const { rows, context } = this.#options;
    const { log, pipeline } = context;
    log.warn('a node of the cluster no longer has what came after the position', {
      pipeline,
      readAgain: rows.deletes ? 'all nodes, to find what is gone' : 'this node',
    });
    if (rows.deletes) this.#hasGap = true;
  }

  /**
   * A node that turns up is followed from now on: its snapshot has what came to it before. Throws REDIS_NOT_READY where it has taken the place
   * of another: then all links are begun anew, and this one goes on where that one was.
   */
  async #admit(address: ServerAddress): Promise<void> {
    const { log, pipeline } = this.#options.context;
    const { cluster } = this;
    const text = addressText(address);
    const places = new Map(this.nodes.map((each) => [addressText(each.address), each.server.place]));
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
    return await this.cluster.at(address);
  }

  /** Lets go of nodes that have no slots any more, once all that they had to tell has been read. */
  async #letGo(): Promise<void> {
    const { log, pipeline } = this.#options.context;
    for (const [text, { address, server, hasSnapshot, leavesAt }] of this.#nodes) {
      if (leavesAt === null || hasSnapshot || server.place.offset < leavesAt) continue;
      this.#nodes.delete(text);
      await server[Symbol.asyncDispose]();
      await this.cluster.forget(address);
      log.info('a node of the cluster has no slots any more, and is let go of', { pipeline, node: text });
    }
  }

  #foreignOf(address: string): ForeignWrites {
    const foreign = this.#options.foreign.get(address) ?? new ForeignWrites(this.#options.rows.elsewhere);
    this.#options.foreign.set(address, foreign);
    return foreign;
  }
}

/** Of a node of which nothing is known. */
export const unknownFigures = {
  file: null,
  offset: null,
  gtids: null,
  bytesBehind: null,
  transactionsBehind: null,
  clockSkewMs: null,
  retentionSeconds: null,
};
