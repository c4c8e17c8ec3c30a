import { laneOf, type PartitionName } from '../lane.ts';

/** What a member says of itself: all of it each time, so that no answer that is lost leaves a doubt. */
export interface Heartbeat {
  /** 0: it joins. */
  readonly epoch: number;
  readonly topics: readonly string[];
  readonly owned: readonly PartitionName[];
}

export interface HeartbeatAnswer {
  readonly epoch: number;
  /** The partitions that are this member's; null: as before. */
  readonly assigned: readonly PartitionName[] | null;
}

/**
 * One member of a consumer group as KIP-848 has it, without time and network: the coordinator says which partitions are the member's,
 * the member gives up what it must before it says so, and what another has not given up yet is not assigned to it.
 * https://cwiki.apache.org/confluence/display/KAFKA/KIP-848
 */
export class ConsumerMember {
  #epoch = 0;
  #topics: readonly string[] = [];
  /** The coordinator may have taken back what this member was assigned and has not said that it owns. */
  #isUnanswered = false;
  /** Until then the last answer holds, on whatever clock it was told by. */
  #holdsUntilMs = 0;
  readonly #owned = new Map<string, PartitionName>();
  #assigned: ReadonlyMap<string, PartitionName> = new Map();

  get epoch(): number {
    return this.#epoch;
  }

  get ownsNothing(): boolean {
    return this.#owned.size === 0;
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
  }

  heartbeat(): Heartbeat {
    this.#isUnanswered = true;
    return { epoch: this.#epoch, topics: this.#topics, owned: [...this.#owned.values()] };
  }

  /** `holdsUntilMs`: how long the coordinator certainly leaves things as it says, should it hear no more of this member. */
  answered({ epoch, assigned }: HeartbeatAnswer, holdsUntilMs: number): void {
    this.#isUnanswered = false;
    this.#holdsUntilMs = holdsUntilMs;
    this.#epoch = epoch;
    if (assigned !== null) this.#assigned = new Map(assigned.map((name) => [laneOf(name), name]));
  }

  /** What is to be given up: each counts as owned until `released` is told. */
  get revoked(): readonly PartitionName[] {
    return [...this.#owned].flatMap(([lane, name]) => (this.#assigned.has(lane) ? [] : [name]));
  }

  /** What is to be begun, each once `taken` was told: none while a heartbeat is without its answer, or when the last one is old. */
  addedAt(nowMs: number): readonly PartitionName[] {
    if (this.#isUnanswered || nowMs > this.#holdsUntilMs) return [];
    return [...this.#assigned].flatMap(([lane, name]) => (this.#owned.has(lane) ? [] : [name]));
  }

  released(name: PartitionName): void {
    this.#owned.delete(laneOf(name));
  }

  taken(name: PartitionName): void {
    this.#owned.set(laneOf(name), name);
  }
}
