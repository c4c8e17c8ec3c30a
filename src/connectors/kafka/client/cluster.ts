import type { Clock } from '../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import { BrokerConnection } from './broker-connection.ts';
import type { ClientSettings } from './client-settings.ts';
import { isPassing, kafkaError, kafkaErrorName } from './kafka-error.ts';
import {
  apiVersionsV3,
  ConfigResourceTypes,
  createTopicsV7,
  describeConfigsV4,
  findCoordinatorV4,
  listOffsetsV7,
  metadataV9,
  metadataV12,
} from './protocol-library.ts';

export interface NewTopic {
  readonly name: string;
  /** null: as the brokers' defaults say. */
  readonly partitions: number | null;
  readonly replicationFactor: number | null;
  readonly configs: Readonly<Record<string, string>>;
}

/** How long the cluster may be unready, a leader being elected for one, before that is an error. */
const settlingMs = 30_000;

/**
 * A cluster as seen through its brokers: who leads which partition, who coordinates what, and a connection to each. What was
 * learned is kept until somebody finds it wrong and says `forget`.
 */
export class Cluster implements Disposable {
  readonly #settings: ClientSettings;
  readonly #clock: Clock;
  readonly #connections = new Map<string, Promise<BrokerConnection>>();
  readonly #brokers = new Map<number, string>();
  /** The leader of each partition, by topic; -1 where there is none. */
  readonly #leaders = new Map<string, readonly number[]>();
  readonly #coordinators = new Map<string, string>();
  #controller = -1;
  readonly #stop = new AbortController();

  constructor(settings: ClientSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  get clock(): Clock {
    return this.#clock;
  }

  /** How many partitions each topic has; 0: there is no such topic. Throws KAFKA_NOT_AUTHORIZED. */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const unknown = topics.filter((topic) => !this.#leaders.has(topic));
    if (unknown.length > 0) await this.#learn(unknown);
    return new Map(topics.map((topic) => [topic, this.#leaders.get(topic)?.length ?? 0]));
  }

  /** The names of all topics this user may see, internal ones left out. */
  async topicNames(): Promise<readonly string[]> {
    const { topics } = await (await this.any()).request(metadataV9.api, null, false, false, false);
    return topics.filter(({ isInternal }) => !isInternal).map(({ name }) => name!);
  }

  /** The ids of topics, which the protocol of consumer groups has instead of names; those that are not there are left out. */
  async topicIds(topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const broker = await this.any();
    const answer = await broker.request(metadataV12.api, [...topics], false, false);
    const found = answer.topics.filter(({ errorCode }) => errorCode === 0);
    return new Map(found.map(({ name, topicId }) => [name!, topicId]));
  }

  /** A connection to the leader of a partition; null: it has none at the moment, or there is no such partition. */
  async leader(topic: string, partition: number): Promise<BrokerConnection | null> {
    if (!this.#leaders.has(topic)) await this.#learn([topic]);
    const address = this.#brokers.get(this.#leaders.get(topic)?.[partition] ?? -1);
    return address === undefined ? null : await this.#connect(address);
  }

  /** A connection to the broker that coordinates a transactional id or consumer group. */
  async coordinator(kind: 'transaction' | 'group', name: string): Promise<BrokerConnection> {
    const key = `${kind}:${name}`;
    let address = this.#coordinators.get(key);
    if (address === undefined) {
      address = await this.settled(async () => {
        const broker = await this.any();
        const answer = await broker.request(findCoordinatorV4.api, kind === 'group' ? 0 : 1, [name]);
        const { errorCode, host, port } = answer.coordinators[0]!;
        if (errorCode !== 0) throw refusal(errorCode, broker.address, 'FindCoordinator', `the ${kind} ${name}`, 'use');
        return `${host}:${port}`;
      });
      this.#coordinators.set(key, address);
    }
    return await this.#connect(address);
  }

  /** A connection to any broker, one that is open already before others. Throws KAFKA_UNREACHABLE. */
  async any(): Promise<BrokerConnection> {
    const addresses = new Set([
      ...this.#connections.keys(),
      ...this.#brokers.values(),
      ...this.#settings.bootstrapServers,
    ]);
    let failure: unknown;
    for (const address of addresses) {
      try {
        return await this.#connect(address);
      } catch (error) {
        if (isMillraceError(error) && !error.retryable) throw error;
        failure = error;
      }
    }
    const servers = this.#settings.bootstrapServers.join(',');
    throw new MillraceError('KAFKA_UNREACHABLE', { servers, reason: (failure as Error).message }, { cause: failure });
  }

  /** Makes topics that are not there. Throws KAFKA_TOPIC_REFUSED or KAFKA_NOT_AUTHORIZED. */
  async createTopics(topics: readonly NewTopic[]): Promise<void> {
    const wanted = topics.map((topic) => ({
      name: topic.name,
      numPartitions: topic.partitions ?? -1,
      replicationFactor: topic.replicationFactor ?? -1,
      assignments: [],
      configs: Object.entries(topic.configs).map(([name, value]) => ({ name, value })),
    }));
    await this.settled(async () => {
      const broker = await this.#controllerConnection();
      const answer = await broker.request(createTopicsV7.api, wanted, 20_000, false);
      for (const { name, errorCode, errorMessage } of answer.topics) {
        if (errorCode === 0 || errorCode === kafkaError.TOPIC_ALREADY_EXISTS) continue;
        if (errorCode === kafkaError.NOT_CONTROLLER) this.#controller = -1;
        if (isAuthorization(errorCode) || isPassing(errorCode)) {
          throw refusal(errorCode, broker.address, 'CreateTopics', `the topic ${name}`, 'make');
        }
        const reason = errorMessage ?? kafkaErrorName(errorCode);
        throw new MillraceError('KAFKA_TOPIC_REFUSED', { topic: name, reason });
      }
    });
    // The brokers hear of a new topic a moment after the controller has made it.
    const names = topics.map(({ name }) => name);
    await this.settled(async () => {
      this.forgetTopics(names);
      await this.#learn(names);
      for (const name of names) {
        const leaders = this.#leaders.get(name) ?? [];
        if (leaders.length > 0 && leaders.every((leader) => leader >= 0)) continue;
        throw new MillraceError('KAFKA_REQUEST_FAILED', {
          server: this.#settings.bootstrapServers[0]!,
          request: 'Metadata',
          reason: `${name} has no leader yet`,
        });
      }
    });
  }

  /** The level of a feature that the whole cluster has agreed on; 0: none. */
  async featureLevel(name: string): Promise<number> {
    const answer = await (await this.any()).request(apiVersionsV3.api, 'millrace', '1');
    return answer.finalizedFeatures?.find((feature) => feature.name === name)?.maxVersionLevel ?? 0;
  }

  /** A setting of a topic; null: it cannot be read by this user. */
  async topicSetting(topic: string, name: string): Promise<string | null> {
    const broker = await this.any();
    const answer = await broker.request(
      describeConfigsV4.api,
      [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [name] }],
      false,
      false,
    );
    return answer.results[0]?.configs.find((config) => config.name === name)?.value ?? null;
  }

  /**
   * Where a partition begins (`earliest`), ends for a reader of this isolation (`latest`), or the first record of at least a time in
   * ms since 1970; -1 when there is none.
   */
  async offset(
    topic: string,
    partition: number,
    at: 'earliest' | 'latest' | number,
    isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
  ): Promise<number> {
    const timestamp = at === 'latest' ? -1n : at === 'earliest' ? -2n : BigInt(at);
    return await this.settled(async () => {
      const broker = await this.#leaderNow(topic, partition);
      const answer = await broker.request(listOffsetsV7.api, -1, isolation === 'read_committed' ? 1 : 0, [
        { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] },
      ]);
      const { errorCode, offset } = answer.topics[0]!.partitions[0]!;
      if (errorCode === 0) return Number(offset);
      throw refusal(errorCode, broker.address, 'ListOffsets', `the topic ${topic}`, 'read');
    });
  }

  /** Tries `work` again, with what was learned forgotten, as long as it fails in a way that passes; not for ever. */
  async settled<Result>(work: () => Promise<Result>, withinMs = settlingMs): Promise<Result> {
    const startedMs = this.#clock.monotonic();
    for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, 500)) {
      try {
        return await work();
      } catch (error) {
        const passes = isMillraceError(error) && error.retryable && error.code !== 'KAFKA_UNREACHABLE';
        if (!passes || this.#stop.signal.aborted || this.#clock.monotonic() - startedMs > withinMs) throw error;
        this.forget();
        await this.#clock.sleep(waitMs, this.#stop.signal);
      }
    }
  }

  /** Sends a request to the leader of a partition. Throws KAFKA_REQUEST_FAILED while there is none. */
  async #leaderNow(topic: string, partition: number): Promise<BrokerConnection> {
    const broker = await this.leader(topic, partition);
    if (broker !== null) return broker;
    if (this.#leaders.get(topic)?.length === 0) throw new MillraceError('KAFKA_TOPIC_MISSING', { topic });
    throw new MillraceError('KAFKA_REQUEST_FAILED', {
      server: this.#settings.bootstrapServers[0]!,
      request: 'Metadata',
      reason: `partition ${partition} of ${topic} has no leader`,
    });
  }

  /** What was learned about leaders and coordinators may be wrong. */
  forget(): void {
    this.#leaders.clear();
    this.#coordinators.clear();
    this.#controller = -1;
  }

  forgetTopics(topics: readonly string[]): void {
    for (const topic of topics) this.#leaders.delete(topic);
  }

  forgetCoordinator(kind: 'transaction' | 'group', name: string): void {
    this.#coordinators.delete(`${kind}:${name}`);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const connection of this.#connections.values()) {
      connection.then(
        (open) => open.close(),
        () => {},
      );
    }
    this.#connections.clear();
  }

  async #controllerConnection(): Promise<BrokerConnection> {
    if (this.#controller < 0) await this.#learn([]);
    const address = this.#brokers.get(this.#controller);
    return address === undefined ? await this.any() : await this.#connect(address);
  }

  async #learn(topics: readonly string[]): Promise<void> {
    const broker = await this.any();
    const answer = await broker.request(metadataV9.api, [...topics], false, false, false);
    for (const { nodeId, host, port } of answer.brokers) this.#brokers.set(nodeId, `${host}:${port}`);
    this.#controller = answer.controllerId;
    for (const { name, errorCode, partitions } of answer.topics) {
      if (isAuthorization(errorCode)) throw refusal(errorCode, broker.address, 'Metadata', `the topic ${name}`, 'see');
      const leaders: number[] = [];
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      this.#leaders.set(name!, leaders);
    }
  }

  #connect(address: string): Promise<BrokerConnection> {
    const known = this.#connections.get(address);
    if (known !== undefined) {
      return known.then((connection) => {
        if (!connection.closed) return connection;
        if (this.#connections.get(address) === known) this.#connections.delete(address);
        return this.#connect(address);
      });
    }
    const opening = BrokerConnection.open(address, this.#settings, this.#clock);
    this.#connections.set(address, opening);
    opening.catch(() => {
      if (this.#connections.get(address) === opening) this.#connections.delete(address);
    });
    return opening;
  }
}

export const isAuthorization = (code: number): boolean =>
  code === kafkaError.TOPIC_AUTHORIZATION_FAILED ||
  code === kafkaError.GROUP_AUTHORIZATION_FAILED ||
  code === kafkaError.CLUSTER_AUTHORIZATION_FAILED ||
  code === kafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;

/** The error that stands for a broker's code: `action` and `resource` in words, should it be a matter of rights. */
export const refusal = (
  code: number,
  server: string,
  request: string,
  resource: string,
  action: string,
): MillraceError => {
  if (isAuthorization(code)) return new MillraceError('KAFKA_NOT_AUTHORIZED', { action, resource });
  const details = { server, request, reason: kafkaErrorName(code) };
  return new MillraceError(isPassing(code) ? 'KAFKA_REQUEST_FAILED' : 'KAFKA_REQUEST_REFUSED', details);
};
