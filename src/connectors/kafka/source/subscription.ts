import { MillraceError } from '../../../core/errors.ts';
import type { Cluster } from '../client/cluster.ts';
import type { KafkaSourceConfig } from './config.ts';
import type { PartitionName } from './lane.ts';

/** Finds the partitions that a source is set to read. */
export class Subscription {
  readonly #cluster: Cluster;
  readonly #topics: readonly string[] | null;
  readonly #pattern: RegExp | null;

  constructor(cluster: Cluster, config: Pick<KafkaSourceConfig, 'topic' | 'topic-pattern'>) {
    this.#cluster = cluster;
    const pattern = config['topic-pattern'];
    this.#topics =
      config.topic
        ?.split(';')
        .map((name) => name.trim())
        .filter((name) => name !== '') ?? null;
    this.#pattern = pattern === undefined ? null : new RegExp(`^(?:${pattern})$`, 'u');
  }

  /** All partitions there are now, in the order of their topics. Throws KAFKA_TOPIC_MISSING for a topic that is named. */
  async partitions(): Promise<readonly PartitionName[]> {
    const cluster = this.#cluster;
    return await cluster.settled(async () => {
      const topics = this.#topics ?? (await cluster.topicNames()).filter((name) => this.#pattern!.test(name)).sort();
      cluster.forgetTopics(topics);
      const counts = topics.length === 0 ? new Map<string, number>() : await cluster.partitionCounts(topics);
      return topics.flatMap((topic) => {
        const count = counts.get(topic) ?? 0;
        if (count === 0 && this.#topics !== null) throw new MillraceError('KAFKA_TOPIC_MISSING', { topic });
        return Array.from({ length: count }, (_, partition) => ({ topic, partition }));
      });
    });
  }
}
