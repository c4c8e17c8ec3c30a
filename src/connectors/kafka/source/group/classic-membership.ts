import type { Clock } from '../../../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../../../core/errors.ts';
import { type Cluster, refusal } from '../../client/cluster.ts';
import { kafkaError, kafkaErrorName } from '../../client/kafka-error.ts';
import { heartbeatV4, joinGroupV7, leaveGroupV4, syncGroupV5 } from '../../client/protocol-library.ts';
import { commitGroupOffsets } from '../group-offsets.ts';
import type { PartitionName } from '../lane.ts';
import { Bell } from './bell.ts';
import {
  rangeAssignment,
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from './classic-assignment.ts';
import { ConsumerMember } from './consumer-member.ts';
import type { GroupSettings } from './consumer-membership.ts';
import type { Membership } from './membership.ts';

interface ClassicSettings extends GroupSettings {
  /** How long the group waits for a member that is silent. */
  readonly sessionTimeoutMs: number;
}

const protocolType = 'consumer';
const protocolName = 'range';
const leavingMs = 2_000;

/**
 * Membership as all brokers know it: whenever the group changes, every member gives everything up and joins anew, and the one that
 * the coordinator makes leader says who gets what.
 */
export class ClassicMembership implements Membership {
  /** Joining waits for the others, and would hold up what else goes over a connection: it has its own. */
  readonly #joining: Cluster;
  readonly #cluster: Cluster;
  readonly #settings: ClassicSettings;
  readonly #clock: Clock;
  readonly #member = new ConsumerMember();
  readonly #stop = new AbortController();
  readonly #changed = new Bell();
  readonly #due = new Bell();
  #id = '';
  #topics: readonly string[] = [];
  /** What the group shared when it was last joined: topics, and how many partitions they have. */
  #shared = '';
  /** That is other than it was. */
  #isStale = false;
  #failure: unknown = null;
  #running: Promise<void> | null = null;

  constructor(cluster: Cluster, joining: Cluster, settings: ClassicSettings) {
    this.#cluster = cluster;
    this.#joining = joining;
    this.#settings = settings;
    this.#clock = cluster.clock;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.#topics = topics;
    const counts = await this.#cluster.partitionCounts(topics);
    const shared = JSON.stringify([...counts]);
    const isNew = shared !== this.#shared;
    this.#shared = shared;
    if (this.#running === null) this.#running = this.#run();
    else if (isNew) {
      this.#isStale = true;
      this.#due.ring();
    }
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
  }

  async changed(): Promise<void> {
    await this.#changed.rung();
  }

  expectMember(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async commit(offsets: readonly (PartitionName & { readonly offset: number })[]): Promise<void> {
    const { group, instanceId } = this.#settings;
    const member = { id: this.#id, epoch: this.#member.epoch, instanceId, isClassic: true };
    await commitGroupOffsets(this.#cluster, group, offsets, member);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#due.ring();
    this.#joining[Symbol.dispose]();
    await this.#running;
    const { group, instanceId } = this.#settings;
    // Under a name of its own it comes back before its session is over.
    if (this.#id === '' || instanceId !== null) return;
    const stopped = new AbortController();
    const leave = async (): Promise<void> => {
      const broker = await this.#cluster.coordinator('group', group);
      await broker.request(leaveGroupV4.api, group, [{ memberId: this.#id, groupInstanceId: null }]);
    };
    await Promise.race([leave().catch(() => {}), this.#clock.sleep(leavingMs, stopped.signal)]);
    stopped.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let isIn = false;
    let waitMs = firstWaitMs;
    while (!signal.aborted) {
      let sleepMs = this.#settings.sessionTimeoutMs / heartbeatsPerSession;
      let failed = false;
      try {
        // All of it is given up before the group is joined anew; until then the group hears of this member.
        if (isIn || !this.#member.ownsNothing) isIn = (await this.#beat()) && isIn;
        else isIn = await this.#join();
        waitMs = firstWaitMs;
      } catch (error) {
        if (signal.aborted) return;
        if (!isMillraceError(error) || !error.retryable || error.code === 'KAFKA_GROUP_MEMBER_GONE') {
          this.#failure = error;
          this.#changed.ring();
          return;
        }
        this.#joining.forgetCoordinator('group', this.#settings.group);
        failed = true;
        sleepMs = waitMs;
        waitMs = Math.min(waitMs * 2, longestWaitMs);
      }
      if (this.#isStale && isIn) {
        isIn = false;
        this.#giveAllUp();
      }
      if (this.revoked.length + this.added.length > 0) this.#changed.ring();
      const joinsNow = !isIn && !failed && this.#member.ownsNothing;
      if (!joinsNow) await this.#due.rungOrAfter(this.#clock, sleepMs, signal);
    }
  }

  #giveAllUp(): void {
    this.#member.answered({ epoch: this.#member.epoch, assigned: [] }, 0);
  }

  /** Whether the group stays as it is. */
  async #beat(): Promise<boolean> {
    const { group, instanceId } = this.#settings;
    const broker = await this.#joining.coordinator('group', group);
    const sentMs = this.#clock.monotonic();
    const { epoch } = this.#member;
    const { errorCode } = await broker.request(heartbeatV4.api, group, epoch, this.#id, instanceId);
    if (errorCode === kafkaError.REBALANCE_IN_PROGRESS) {
      this.#giveAllUp();
      return false;
    }
    if (errorCode !== 0) throw this.#refusal(errorCode, broker.address, 'Heartbeat');
    if (!this.#isStale) this.#member.answered({ epoch, assigned: null }, this.#heldUntil(sentMs));
    return true;
  }

  /** Whether it is a member now; false: to be tried again at once. */
  async #join(): Promise<boolean> {
    const { group, instanceId, rebalanceTimeoutMs, sessionTimeoutMs } = this.#settings;
    this.#isStale = false;
    const broker = await this.#joining.coordinator('group', group);
    const joined = await broker.request(
      joinGroupV7.api,
      group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      this.#id,
      instanceId,
      protocolType,
      [{ name: protocolName, metadata: writeSubscription(this.#topics) }],
      null,
    );
    if (joined.errorCode === kafkaError.MEMBER_ID_REQUIRED) {
      this.#id = joined.memberId;
      return false;
    }
    if (joined.errorCode !== 0) throw this.#refusal(joined.errorCode, broker.address, 'JoinGroup');
    this.#id = joined.memberId;
    const { generationId } = joined;
    const sentMs = this.#clock.monotonic();
    const synced = await broker.request(
      syncGroupV5.api,
      group,
      generationId,
      this.#id,
      instanceId,
      protocolType,
      protocolName,
      joined.leader === this.#id ? await this.#assign(joined.members) : [],
    );
    // The group has changed meanwhile.
    if (synced.errorCode === kafkaError.REBALANCE_IN_PROGRESS) return false;
    if (synced.errorCode !== 0) throw this.#refusal(synced.errorCode, broker.address, 'SyncGroup');
    const assigned = readAssignment(synced.assignment, group);
    this.#member.answered({ epoch: generationId, assigned }, this.#heldUntil(sentMs));
    return true;
  }

  async #assign(
    members: readonly { readonly memberId: string; readonly metadata: Buffer }[],
  ): Promise<{ memberId: string; assignment: Buffer }[]> {
    const wanted = new Map(
      members.map(({ memberId, metadata }) => [memberId, readSubscription(metadata, this.#settings.group)]),
    );
    const topics = [...new Set([...wanted.values()].flat())];
    const given = rangeAssignment(wanted, await this.#joining.partitionCounts(topics));
    return [...given].map(([memberId, partitions]) => ({ memberId, assignment: writeAssignment(partitions) }));
  }

  #heldUntil(sentMs: number): number {
    return sentMs + (this.#settings.sessionTimeoutMs / heartbeatsPerSession) * 2;
  }

  #refusal(code: number, server: string, request: string): MillraceError {
    const { group } = this.#settings;
    if (!endsMembership.has(code)) return refusal(code, server, request, `the group ${group}`, 'join');
    return new MillraceError('KAFKA_GROUP_MEMBER_GONE', { group, reason: kafkaErrorName(code) });
  }
}

/** Heartbeats that may be lost before the group goes on without this member. */
const heartbeatsPerSession = 10;
const firstWaitMs = 50;
const longestWaitMs = 1_000;

const endsMembership: ReadonlySet<number> = new Set([
  kafkaError.ILLEGAL_GENERATION,
  kafkaError.UNKNOWN_MEMBER_ID,
  kafkaError.FENCED_INSTANCE_ID,
]);
