import type { Clock } from '../../../../core/clock.ts';
import { isMillraceError } from '../../../../core/errors.ts';
import type { Cluster } from '../../client/cluster.ts';
import { commitGroupOffsets } from '../group-offsets.ts';
import type { PartitionName } from '../lane.ts';
import { Bell } from './bell.ts';
import { ConsumerMember } from './consumer-member.ts';
import type { Membership } from './membership.ts';

export interface GroupSettings {
  readonly group: string;
  /** `group.instance.id`: who comes back under it gets its partitions back; null: it has none. */
  readonly instanceId: string | null;
  /** How long giving a partition up may take before the group goes on without this member. */
  readonly rebalanceTimeoutMs: number;
}

/** What is the same in both protocols of groups: what the pipeline is told, and how long is waited after a failure. */
export abstract class GroupMembership implements Membership {
  protected readonly cluster: Cluster;
  protected readonly clock: Clock;
  protected readonly member = new ConsumerMember();
  /** Rung where the coordinator should hear at once. */
  protected readonly due = new Bell();
  readonly #stop = new AbortController();
  readonly #changed = new Bell();
  readonly #settings: GroupSettings;
  readonly #isClassic: boolean;
  #failure: unknown = null;
  #waitMs = firstWaitMs;

  constructor(cluster: Cluster, settings: GroupSettings, isClassic: boolean) {
    this.cluster = cluster;
    this.clock = cluster.clock;
    this.#settings = settings;
    this.#isClassic = isClassic;
  }

  abstract subscribe(topics: readonly string[]): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;
  /** What the coordinator calls this member. */
  protected abstract get id(): string;

  get revoked(): readonly PartitionName[] {
    return this.member.revoked;
  }

  get added(): readonly PartitionName[] {
    return this.member.addedAt(this.clock.monotonic());
  }

  released(name: PartitionName): void {
    this.member.released(name);
    this.due.ring();
  }

  taken(name: PartitionName): void {
    this.member.taken(name);
  }

  async changed(): Promise<void> {
    await this.#changed.rung();
  }

  expectMember(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async commit(offsets: readonly (PartitionName & { readonly offset: number })[]): Promise<void> {
    const { group, instanceId } = this.#settings;
    const member = { id: this.id, epoch: this.member.epoch, instanceId, isClassic: this.#isClassic };
    await commitGroupOffsets(this.cluster, group, offsets, member);
  }

  /** Aborts once the membership is to end. */
  protected get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  protected stop(): void {
    this.#stop.abort();
    this.due.ring();
  }

  /** Waits for `leaving`, but not for long: whoever does not say that it leaves is missed a session timeout later. */
  protected async leave(leaving: Promise<unknown>): Promise<void> {
    const left = new AbortController();
    await Promise.race([leaving.catch(() => {}), this.clock.sleep(leavingMs, left.signal)]);
    left.abort();
  }

  /** The coordinator has answered. */
  protected heard(): void {
    this.#waitMs = firstWaitMs;
  }

  protected tellChanges(): void {
    if (this.revoked.length + this.added.length > 0) this.#changed.ring();
  }

  /** How long to wait before the next attempt, which looks for the coordinator anew; null: the membership has ended. */
  protected failed(error: unknown, cluster: Cluster): number | null {
    if (!isMillraceError(error) || !error.retryable || error.code === 'KAFKA_GROUP_MEMBER_GONE') {
      this.#failure = error;
      this.#changed.ring();
      return null;
    }
    cluster.forgetCoordinator('group', this.#settings.group);
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, longestWaitMs);
    return waitMs;
  }
}

const leavingMs = 2_000;
const firstWaitMs = 50;
const longestWaitMs = 1_000;
