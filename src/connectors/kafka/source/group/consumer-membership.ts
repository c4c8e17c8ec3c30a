import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../../../core/errors.ts';
import type { BrokerConnection } from '../../client/broker-connection.ts';
import { type Cluster, refusal } from '../../client/cluster.ts';
import { isPassing, kafkaError, kafkaErrorName } from '../../client/kafka-error.ts';
import { apiVersionsV3, consumerGroupHeartbeatV1 } from '../../client/protocol-library.ts';
import type { PartitionName } from '../lane.ts';
import type { HeartbeatAnswer } from './consumer-member.ts';
import { GroupMembership, type GroupSettings } from './group-membership.ts';

/** Membership by heartbeats alone (KIP-848, Kafka 4.0 and newer): the coordinator assigns. */
export class ConsumerMembership extends GroupMembership {
  protected readonly id = randomUUID();
  readonly #settings: GroupSettings;
  readonly #names = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  #beating: Promise<void> | null = null;

  constructor(cluster: Cluster, settings: GroupSettings) {
    super(cluster, settings, false);
    this.#settings = settings;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    await this.#learn(topics);
    this.member.subscribe(topics);
    if (this.#beating === null) {
      await this.#expectBroker();
      this.#beating = this.#beat();
    } else this.due.ring();
  }

  override taken(name: PartitionName): void {
    super.taken(name);
    this.due.ring();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#beating;
    if (this.#beating === null) return;
    // Under a name of its own it comes back; else its partitions go to others now.
    await this.leave(this.#send(this.#settings.instanceId === null ? -1 : -2, []));
  }

  async #beat(): Promise<void> {
    const signal = this.stopped;
    while (!signal.aborted) {
      let sleepMs: number;
      try {
        const sentMs = this.clock.monotonic();
        const { epoch, topics, owned } = this.member.heartbeat();
        const { intervalMs, ...answer } = await this.#send(epoch, owned, topics);
        this.member.answered(answer, sentMs + intervalMs * heldIntervals);
        sleepMs = intervalMs;
        this.heard();
        this.tellChanges();
      } catch (error) {
        const waitMs = this.failed(error, this.cluster);
        if (waitMs === null) return;
        sleepMs = waitMs;
      }
      await this.due.rungOrAfter(this.clock, sleepMs, signal);
    }
  }

  async #send(
    epoch: number,
    owned: readonly PartitionName[],
    topics: readonly string[] = [],
  ): Promise<HeartbeatAnswer & { readonly intervalMs: number }> {
    const { group, instanceId, rebalanceTimeoutMs } = this.#settings;
    const broker = await this.cluster.coordinator('group', group);
    const answer = await broker.request(
      consumerGroupHeartbeatV1.api,
      group,
      this.id,
      epoch,
      instanceId,
      null,
      rebalanceTimeoutMs,
      [...topics],
      null,
      null,
      this.#byTopic(owned),
    );
    const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment } = answer;
    if (errorCode !== 0) throw this.#refusal(errorCode, errorMessage, broker);
    const parts = assignment?.topicPartitions ?? null;
    if (parts?.some(({ topicId }) => !this.#names.has(topicId))) await this.#learn(topics);
    // A topic that nobody knows yet is for the next answer.
    const assigned = parts?.flatMap(({ topicId, partitions }) => {
      const topic = this.#names.get(topicId);
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }));
    });
    return { epoch: memberEpoch, assigned: assigned ?? null, intervalMs: heartbeatIntervalMs };
  }

  #refusal(code: number, message: string | null | undefined, broker: BrokerConnection): MillraceError {
    const { group } = this.#settings;
    const reason = message ?? kafkaErrorName(code);
    if (endsMembership.has(code)) return new MillraceError('KAFKA_GROUP_MEMBER_GONE', { group, reason });
    if (isPassing(code)) return refusal(code, broker.address, 'ConsumerGroupHeartbeat', `the group ${group}`, 'join');
    const known = refusal(code, broker.address, 'ConsumerGroupHeartbeat', `the group ${group}`, 'join');
    if (known.code !== 'KAFKA_REQUEST_REFUSED') return known;
    return new MillraceError('KAFKA_REQUEST_REFUSED', {
      server: broker.address,
      request: 'ConsumerGroupHeartbeat',
      reason,
    });
  }

  #byTopic(owned: readonly PartitionName[]): { topicId: string; partitions: number[] }[] {
    return [...Map.groupBy(owned, ({ topic }) => topic)].map(([topic, of]) => ({
      topicId: this.#ids.get(topic)!,
      partitions: of.map(({ partition }) => partition),
    }));
  }

  /** The protocol has ids where everybody else has names. */
  async #learn(topics: readonly string[]): Promise<void> {
    for (const [topic, id] of await this.cluster.topicIds(topics)) {
      this.#names.set(id, topic);
      this.#ids.set(topic, id);
    }
  }

  /** Throws KAFKA_UNSUPPORTED_BROKER. */
  async #expectBroker(): Promise<void> {
    const broker = await this.cluster.any();
    const { apiKeys } = await broker.request(apiVersionsV3.api, 'millrace', '1');
    if (apiKeys.some(({ apiKey, maxVersion }) => apiKey === heartbeatKey && maxVersion >= 1)) return;
    const request = 'ConsumerGroupHeartbeat (properties.group.protocol: consumer)';
    throw new MillraceError('KAFKA_UNSUPPORTED_BROKER', { server: broker.address, request, version: 1 });
  }
}

const heartbeatKey = 68;
/** A session takes nine intervals by default, and at least a few: for two nobody else gets what this member was told to have. */
const heldIntervals = 2;

/** The group has gone on without this member, or another has its name. */
const endsMembership: ReadonlySet<number> = new Set([
  kafkaError.UNKNOWN_MEMBER_ID,
  kafkaError.FENCED_MEMBER_EPOCH,
  kafkaError.UNRELEASED_INSTANCE_ID,
]);
