import { MillraceError } from '../../../../core/errors.ts';
import { type Cluster, refusal } from '../../client/cluster.ts';
import { kafkaError, kafkaErrorName } from '../../client/kafka-error.ts';
import { heartbeatV4, joinGroupV7, leaveGroupV4, syncGroupV5 } from '../../client/protocol-library.ts';
import {
  rangeAssignment,
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from './classic-assignment.ts';
import { GroupMembership, type GroupSettings } from './group-membership.ts';

interface ClassicSettings extends GroupSettings {
  /** How long the group waits for a member that is silent. */
  readonly sessionTimeoutMs: number;
}

const protocolType = 'consumer';
const protocolName = 'range';

/**
 * Membership as all brokers know it: whenever the group changes, every member gives everything up and joins anew, and the one that
 * the coordinator makes leader says who gets what.
 */
export class ClassicMembership extends GroupMembership {
  /** Joining waits for the others, and would hold up what else goes over a connection: it has its own. */
  readonly #joining: Cluster;
  readonly #settings: ClassicSettings;
  #id = '';
  #topics: readonly string[] = [];
  /** What the group shared when it was last joined: topics, and how many partitions they have. */
  #shared = '';
  /** That is other than it was. */
  #isStale = false;
  #running: Promise<void> | null = null;

  constructor(cluster: Cluster, joining: Cluster, settings: ClassicSettings) {
    super(cluster, settings, true);
    this.#joining = joining;
    this.#settings = settings;
  }

  protected get id(): string {
    return this.#id;
  }

  async subscribe(topics: readonly string[]): Promise<void> {
    this.#topics = topics;
    const counts = await this.cluster.partitionCounts(topics);
    const shared = JSON.stringify([...counts]);
    const isNew = shared !== this.#shared;
    this.#shared = shared;
    if (this.#running === null) this.#running = this.#run();
    else if (isNew) {
      this.#isStale = true;
      this.due.ring();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    this.#joining[Symbol.dispose]();
    await this.#running;
    // Under a name of its own it comes back before its session is over.
    if (this.#id !== '' && this.#settings.instanceId === null) await this.leave(this.#sayLeave());
  }

  async #sayLeave(): Promise<void> {
    const { group } = this.#settings;
    const broker = await this.cluster.coordinator('group', group);
    await broker.request(leaveGroupV4.api, group, [{ memberId: this.#id, groupInstanceId: null }]);
  }

  async #run(): Promise<void> {
    const signal = this.stopped;
    let isIn = false;
    while (!signal.aborted) {
      let sleepMs = this.#settings.sessionTimeoutMs / heartbeatsPerSession;
      let failed = false;
      try {
        // All of it is given up before the group is joined anew; until then the group hears of this member.
        if (isIn || !this.member.ownsNothing) isIn = (await this.#beat()) && isIn;
        else isIn = await this.#join();
        this.heard();
      } catch (error) {
        if (signal.aborted) return;
        const waitMs = this.failed(error, this.#joining);
        if (waitMs === null) return;
        failed = true;
        sleepMs = waitMs;
      }
      if (this.#isStale && isIn) {
        isIn = false;
        this.#giveAllUp();
      }
      this.tellChanges();
      const joinsNow = !isIn && !failed && this.member.ownsNothing;
      if (!joinsNow) await this.due.rungOrAfter(this.clock, sleepMs, signal);
    }
  }

  #giveAllUp(): void {
    this.member.answered({ epoch: this.member.epoch, assigned: [] }, 0);
  }

  /** Whether the group stays as it is. */
  async #beat(): Promise<boolean> {
    const { group, instanceId } = this.#settings;
    const broker = await this.#joining.coordinator('group', group);
    const sentMs = this.clock.monotonic();
    const { epoch } = this.member;
    const { errorCode } = await broker.request(heartbeatV4.api, group, epoch, this.#id, instanceId);
    if (errorCode === kafkaError.REBALANCE_IN_PROGRESS) {
      this.#giveAllUp();
      return false;
    }
    if (errorCode !== 0) throw this.#refusal(errorCode, broker.address, 'Heartbeat');
    if (!this.#isStale) this.member.answered({ epoch, assigned: null }, this.#heldUntil(sentMs));
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
    const sentMs = this.clock.monotonic();
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
    this.member.answered({ epoch: generationId, assigned }, this.#heldUntil(sentMs));
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

const endsMembership: ReadonlySet<number> = new Set([
  kafkaError.ILLEGAL_GENERATION,
  kafkaError.UNKNOWN_MEMBER_ID,
  kafkaError.FENCED_INSTANCE_ID,
]);
