import { addressText, ClusterMap, type ServerAddress } from '../connectors/redis/cluster/cluster-map.ts';
import { oneDatabase } from '../connectors/redis/select-database.ts';
import { openPrimary } from '../connectors/redis/sentinel.ts';
import { serverFacts } from '../connectors/redis/server-facts.ts';
import { OwnKeys } from '../connectors/redis/sink/own-keys.ts';
import { isMillraceError } from '../core/errors.ts';
import { dialTcp } from '../net/dial.ts';
import { keySlot } from '../protocol/redis/key-slot.ts';
import { RedisLink, type RedisLinkOptions } from './redis-link.ts';

export interface RedisLinksOptions extends Omit<RedisLinkOptions, 'elsewhere'> {
  /** What the keys of the pipeline's sink begin with, and the pipeline's name. */
  readonly prefix: string;
  readonly pipeline: string;
}

/** How often it is looked where slots are, while a node is away or sends elsewhere; and what answers at all, before anything has. */
const lookMs = 250;

/**
 * The servers of a cache: one, or the primaries of a cluster, with a link to each. Which of the two it is shows when one answers. Rows
 * whose slot is on its way between nodes, or whose node is away, are MySQL's to answer.
 */
export class RedisLinks implements AsyncDisposable {
  /** The sink's own keys. */
  own: OwnKeys;
  readonly #options: RedisLinksOptions;
  readonly #stop = new AbortController();
  /** The one server. */
  readonly #single: RedisLink;
  #isKnown = false;
  #map: ClusterMap | null = null;
  /** Of a cluster, by the primaries of its map. */
  #links: readonly RedisLink[];
  #lost = 0;
  /** A node has sent a command to another. */
  #isOld = false;
  #running: Promise<void> | null = null;

  constructor(options: RedisLinksOptions) {
    this.#options = options;
    this.own = new OwnKeys(options.prefix, options.pipeline);
    this.#single = new RedisLink(options);
    this.#links = [this.#single];
  }

  /** Every server answers. */
  get isUp(): boolean {
    return this.#links.every((link) => link.isUp);
  }

  /** Whether rows that were written are there until somebody removes them. */
  get keepsRows(): boolean {
    return this.#links.every((link) => link.keepsRows);
  }

  get reconnects(): number {
    return this.#links.reduce((sum, link) => sum + link.reconnects, this.#lost);
  }

  get isCluster(): boolean {
    return this.#map !== null;
  }

  get all(): readonly RedisLink[] {
    return this.#links;
  }

  /** The server that has a key. */
  of(key: Uint8Array): RedisLink {
    if (this.#map === null) return this.#single;
    return this.#links[this.#map.ownerOf(keySlot(key))]!;
  }

  /** Of a cluster: the record that the sink keeps on the node that has a key. */
  recordOf(key: Uint8Array): string {
    return this.own.node(this.#map!.firstSlots[this.#map!.ownerOf(keySlot(key))]!);
  }

  /** Connects. What cannot be reached is tried again from then on; throws what trying again would not mend. */
  async open(): Promise<void> {
    try {
      await this.#discover();
    } catch (error) {
      if (!isMillraceError(error) || !error.retryable) throw error;
      this.#options.log.warn('Redis is away, so MySQL answers', { redis: this.#single.address, reason: error.message });
    }
    this.#running = this.#run();
  }

  /** As each link's. One that is away begins so when it comes. */
  async prepare(): Promise<void> {
    await Promise.all(
      this.#links.map((link) =>
        link.prepare().catch((error: unknown) => {
          if (!isMillraceError(error) || !error.retryable) throw error;
        }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all([this.#single, ...this.#links].map((link) => link[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      await clock.sleep(lookMs, signal);
      if (signal.aborted) return;
      const looks = !this.#isKnown || (this.#map !== null && (this.#isOld || !this.isUp));
      if (!looks) continue;
      try {
        await this.#discover();
      } catch (error) {
        if (signal.aborted) return;
        if (isMillraceError(error) && error.retryable) continue;
        const reason = error instanceof Error ? error.message : String(error);
        log.warn('Redis is still away', { redis: this.#single.address, reason });
      }
    }
  }

  /** Finds out what answers, and of a cluster who has which slots. */
  async #discover(): Promise<void> {
    const { config, clock, timeoutMs } = this.#options;
    const patience = Math.min(config['connect.timeout'], Math.max(timeoutMs * 4, 1_000));
    const up = this.#map?.primaries.find((_, at) => this.#links[at]!.isUp);
    const stop = new AbortController();
    try {
      const connection = await openPrimary({
        config: { ...config, ...up, 'connect.timeout': patience },
        dial: dialTcp,
        clock,
        signal: AbortSignal.any([this.#stop.signal, stop.signal]),
        name: 'millrace:cache',
      });
      this.#isOld = false;
      if (this.#isKnown || (await serverFacts(connection)).mode === 'cluster') {
        if (config.database !== 0) throw oneDatabase();
        await this.#follow(
          ClusterMap.read(await connection.command('CLUSTER', 'SLOTS'), addressOf(connection.address)),
        );
      } else await this.#single.open();
      this.#isKnown = true;
    } finally {
      stop.abort();
    }
  }

  async #follow(map: ClusterMap): Promise<void> {
    if (this.#map?.equals(map)) return;
    const { config, prefix, pipeline } = this.#options;
    const known = new Map((this.#map?.primaries ?? []).map((address, at) => [addressText(address), this.#links[at]!]));
    const links = map.primaries.map((address) => {
      const link = known.get(addressText(address));
      known.delete(addressText(address));
      if (link !== undefined) return { link, isNew: false };
      const options = {
        ...this.#options,
        config: { ...config, ...address, 'cluster.others': undefined },
        elsewhere: () => {
          this.#isOld = true;
        },
      };
      return { link: new RedisLink(options), isNew: true };
    });
    await Promise.all(links.map(({ link, isNew }) => (isNew ? link.open() : null)));
    this.#map = map;
    this.#links = links.map(({ link }) => link);
    this.own = new OwnKeys(prefix, pipeline, true);
    for (const link of known.values()) {
      this.#lost += link.reconnects + 1;
      await link[Symbol.asyncDispose]();
    }
  }
}

const addressOf = (text: string): ServerAddress => {
  const at = text.lastIndexOf(':');
  return { hostname: text.slice(0, at), port: Number(text.slice(at + 1)) };
};
