import type { Batch, Lane, Position } from '../../../core/batch.ts';
import type { Change } from '../../../core/change.ts';
import type { Context, Source } from '../../../core/connector.ts';
import type { LogFigures } from '../../../core/operating.ts';
import { dialTcp } from '../../../net/dial.ts';
import { openPrimary } from '../sentinel.ts';
import { serverFacts } from '../server-facts.ts';
import type { RedisServerConfig } from './config.ts';
import { placesCover, placesHold } from './link-place.ts';

export interface LiveWays {
  /** Reads a server that has all keys. */
  readonly whole: Source;
  /** Makes what reads all nodes of a cluster. */
  readonly cluster: () => Promise<Source>;
}

/** Follows a server, or the nodes of the cluster whose node it is: which of both is known once it answers. */
export class LiveSource implements Source {
  readonly #config: RedisServerConfig;
  readonly #context: Context;
  readonly #ways: LiveWays;
  #way: Source;

  constructor(ways: LiveWays, config: RedisServerConfig, context: Context) {
    this.#ways = ways;
    this.#way = ways.whole;
    this.#config = config;
    this.#context = context;
  }

  async *read(held: (lane: Lane) => Promise<Position | null>, signal: AbortSignal): AsyncGenerator<Batch> {
    try {
      if (await this.#isCluster(signal)) this.#way = await this.#ways.cluster();
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    yield* this.#way.read(held, signal) as AsyncGenerator<Batch>;
  }

  covers(held: Position, at: Position): boolean {
    return placesCover(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return placesHold(held, change);
  }

  snapshotting(): readonly string[] | null {
    return this.#way.snapshotting!();
  }

  async acknowledge(held: ReadonlyMap<Lane, Position>): Promise<void> {
    await this.#way.acknowledge!(held);
  }

  figures(held: ReadonlyMap<Lane, Position>): readonly LogFigures[] {
    return this.#way.figures!(held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#way[Symbol.asyncDispose]();
  }

  async #isCluster(signal: AbortSignal): Promise<boolean> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const { clock } = this.#context;
    try {
      await using connection = await openPrimary({ config: this.#config, dial: dialTcp, clock, signal: either });
      return (await serverFacts(connection)).mode === 'cluster';
    } finally {
      stop.abort();
    }
  }
}
