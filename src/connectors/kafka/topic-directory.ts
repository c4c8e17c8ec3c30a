import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Cluster } from './client/cluster.ts';

export interface TopicFacts {
  readonly name: string;
  readonly partitions: number;
  /** The largest batch that it takes. */
  readonly maxBatchBytes: number;
}

export interface TopicDirectoryOptions {
  readonly create: boolean;
  /** `topic.creation.default`. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly maxRequestBytes: number;
}

/** What is known of the topics that are written to, made where they are not there. */
export class TopicDirectory {
  readonly #cluster: Cluster;
  readonly #options: TopicDirectoryOptions;
  readonly #log: Log;
  readonly #known = new Map<string, TopicFacts>();

  constructor(cluster: Cluster, options: TopicDirectoryOptions, log: Log) {
    this.#cluster = cluster;
    this.#options = options;
    this.#log = log;
  }

  /** What is known of a topic; null: ask `learn` first. */
  get(name: string): TopicFacts | null {
    return this.#known.get(name) ?? null;
  }

  /** Throws KAFKA_TOPIC_MISSING, KAFKA_TOPIC_REFUSED or KAFKA_NOT_AUTHORIZED. */
  async learn(names: readonly string[]): Promise<void> {
    let counts = await this.#cluster.settled(() => this.#cluster.partitionCounts(names));
    const missing = names.filter((name) => counts.get(name) === 0);
    if (missing.length > 0) {
      if (!this.#options.create) throw new MillraceError('KAFKA_TOPIC_MISSING', { topic: missing[0]! });
      await this.#make(missing);
      counts = await this.#cluster.partitionCounts(names);
    }
    for (const name of names) {
      const limit = Number(
        (await this.#cluster.settled(() => this.#cluster.topicSetting(name, 'max.message.bytes'))) ?? 0,
      );
      const maxBatchBytes = limit > 0 ? Math.min(limit, this.#options.maxRequestBytes) : this.#options.maxRequestBytes;
      this.#known.set(name, { name, partitions: counts.get(name)!, maxBatchBytes });
    }
  }

  async #make(names: readonly string[]): Promise<void> {
    const { partitions, 'replication.factor': replicationFactor, ...configs } = this.#options.defaults;
    const wanted = names.map((name) => ({
      name,
      partitions: partitions === undefined ? null : Number(partitions),
      replicationFactor: replicationFactor === undefined ? null : Number(replicationFactor),
      configs,
    }));
    await this.#cluster.createTopics(wanted);
    for (const name of names) this.#log.info('topic made', { topic: name });
  }
}
