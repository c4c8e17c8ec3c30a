import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../../core/errors.ts';
import type { BrokerConnection } from '../../client/broker-connection.ts';
import { type Cluster, refusal } from '../../client/cluster.ts';
import { isPassing, kafkaError, kafkaErrorName } from '../../client/kafka-error.ts';
import { apiVersionsV3, consumerGroupHeartbeatV1 } from '../../client/protocol-library.ts';
import { commitGroupOffsets } from '../group-offsets.ts';
import type { PartitionName } from '../lane.ts';
import { Bell } from './bell.ts';
import { ConsumerMember, type HeartbeatAnswer } from './consumer-member.ts';
import type { Membership } from './membership.ts';

export interface GroupSettings {
  readonly group: string;
  /** `group.instance.id`: who comes back under it gets its partitions back; null: it has none. */
  readonly instanceId: string | null;
  /** How long giving a partition up may take before the group goes on without this member. */
  readonly rebalanceTimeoutMs: number;
}

/** How long leaving may take: whoever does not say it is missed a session timeout later. */
const leavingMs = 2_000;

/** Membership by heartbeats alone (KIP-848, Kafka 4.0 and newer): the coordinator assigns. */
export class ConsumerMembership implements Membership {
  readonly #cluster: Cluster;
  readonly #settings: GroupSettings;
  readonly #clock: Clock;
  readonly #member = new ConsumerMember();
  readonly #id = randomUUID();
  readonly #stop = new AbortController();
  readonly #changed = new Bell();
  /** Rung where the coordinator should hear at once. */
  readonly #due = new Bell();
  readonly #names = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  #failure: unknown = null;
  #beating: Promise<void> | null = null;

  constructor(cluster: Cluster, settings: GroupSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#clock = cluster.clock;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    await this.#learn(topics);
    this.#member.subscribe(topics);
    if (this.#beating === null) {
      await this.#expectBroker();
      this.#beating = this.#beat();
    } else this.#due.ring();
  }

  get revoked(): readonly PartitionName[] {
    return this.#member.revoked;
  }

  get added(): readonly PartitionName[] {
    return this.#member.addedAt(this.#clock.monotonic());
  }

  released(name: PartitionName): void {
    this.#member.released(name);
    this.#due.ring();
  }

  taken(name: PartitionName): void {
    this.#member.taken(name);
    this.#due.ring();
  }

  async changed(): Promise<void> {
    await this.#changed.rung();
  }

  expectMember(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async commit(offsets: readonly (PartitionName & { readonly offset: number })[]): Promise<void> {
    const { group, instanceId } = this.#settings;
    const member = { id: this.#id, epoch: this.#member.epoch, instanceId, isClassic: false };
    await commitGroupOffsets(this.#cluster, group, offsets, member);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#due.ring();
    await this.#beating;
    if (this.#beating === null) return;
    const stopped = new AbortController();
    const late = this.#clock.sleep(leavingMs, stopped.signal);
    // Under a name of its own it comes back; else its partitions go to others now.
    const leaving = this.#send(this.#settings.instanceId === null ? -1 : -2, []).catch(() => {});
    await Promise.race([leaving, late]);
    stopped.abort();
  }

  async #beat(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = firstWaitMs;
    while (!signal.aborted) {
      let sleepMs: number;
      try {
        const sentMs = this.#clock.monotonic();
        const { epoch, topics, owned } = this.#member.heartbeat();
        const { intervalMs, ...answer } = await this.#send(epoch, owned, topics);
        this.#member.answered(answer, sentMs + intervalMs * heldIntervals);
        sleepMs = intervalMs;
        waitMs = firstWaitMs;
        if (this.revoked.length + this.added.length > 0) this.#changed.ring();
      } catch (error) {
        if (!isMillraceError(error) || !error.retryable || error.code === 'KAFKA_GROUP_MEMBER_GONE') {
          this.#failure = error;
          this.#changed.ring();
          return;
        }
        // A coordinator that is away is looked for anew; one that misses this member for long says so.
        this.#cluster.forgetCoordinator('group', this.#settings.group);
        sleepMs = waitMs;
        waitMs = Math.min(waitMs * 2, longestWaitMs);
      }
      await this.#due.rungOrAfter(this.#clock, sleepMs, signal);
    }
  }

  async #send(
    epoch: number,
    owned: readonly PartitionName[],
    topics: readonly string[] = [],
  ): Promise<HeartbeatAnswer & { readonly intervalMs: number }> {
    const { group, instanceId, rebalanceTimeoutMs } = this.#settings;
    const broker = await this.#cluster.coordinator('group', group);
    const answer = await broker.request(
      consumerGroupHeartbeatV1.api,
      group,
      this.#id,
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
    for (const [topic, id] of await this.#cluster.topicIds(topics)) {
      this.#names.set(id, topic);
      this.#ids.set(topic, id);
    }
  }

  /** Throws KAFKA_UNSUPPORTED_BROKER. */
  async #expectBroker(): Promise<void> {
    const broker = await this.#cluster.any();
    const { apiKeys } = await broker.request(apiVersionsV3.api, 'millrace', '1');
    if (apiKeys.some(({ apiKey, maxVersion }) => apiKey === heartbeatKey && maxVersion >= 1)) return;
    const request = 'ConsumerGroupHeartbeat (properties.group.protocol: consumer)';
    throw new MillraceError('KAFKA_UNSUPPORTED_BROKER', { server: broker.address, request, version: 1 });
  }
}

const heartbeatKey = 68;
/** A session takes nine intervals by default, and at least a few: for two nobody else gets what this member was told to have. */
const heldIntervals = 2;
const firstWaitMs = 50;
const longestWaitMs = 1_000;

/** The group has gone on without this member, or another has its name. */
const endsMembership: ReadonlySet<number> = new Set([
  kafkaError.UNKNOWN_MEMBER_ID,
  kafkaError.FENCED_MEMBER_EPOCH,
  kafkaError.UNRELEASED_INSTANCE_ID,
]);
