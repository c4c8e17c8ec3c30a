import {
  ConsumerMember,
  type Heartbeat,
  type HeartbeatAnswer,
} from '../connectors/kafka/source/group/consumer-member.ts';
import { laneOf, type PartitionName } from '../connectors/kafka/source/lane.ts';

interface Known {
  epoch: number;
  previousEpoch: number;
  /** What it was told that it has, and what it was told to give up and has not yet. */
  assigned: Set<string>;
  readonly unrevoked: Set<string>;
  heardOf: number;
}

/** Why the coordinator does not take a heartbeat. */
export class MemberGone extends Error {}

/** A group coordinator as KIP-848 describes it, of one topic, whose time is a number that the simulation counts. */
export class SimulatedCoordinator {
  now = 0;
  /** Members that were given up, since they were silent for too long or behind by more than one epoch. */
  readonly gone = new Set<number>();
  readonly #sessionTimeout: number;
  readonly #partitions: ReadonlyMap<string, PartitionName>;
  readonly #members = new Map<number, Known>();
  #epoch = 0;

  constructor(partitions: number, sessionTimeout: number) {
    this.#sessionTimeout = sessionTimeout;
    const names = Array.from({ length: partitions }, (_, partition) => ({ topic: 't', partition }));
    this.#partitions = new Map(names.map((name) => [laneOf(name), name]));
  }

  get size(): number {
    return this.#members.size;
  }

  tick(): void {
    this.now += 1;
    for (const [id, { heardOf }] of this.#members) {
      if (this.now - heardOf <= this.#sessionTimeout) continue;
      this.gone.add(id);
      this.#remove(id);
    }
  }

  leave(id: number): void {
    this.#remove(id);
  }

  /** Throws MemberGone. */
  heartbeat(id: number, { epoch, owned }: Heartbeat): HeartbeatAnswer {
    const lanes = new Set(owned.map(laneOf));
    if (epoch === 0 && !this.#members.has(id)) {
      this.#members.set(id, {
        epoch: 0,
        previousEpoch: 0,
        assigned: new Set(),
        unrevoked: new Set(),
        heardOf: this.now,
      });
      this.#epoch += 1;
    }
    const member = this.#members.get(id);
    if (member === undefined) throw new MemberGone(`member ${id} is not known`);
    const isBehind = epoch === member.previousEpoch && lanes.isSubsetOf(member.assigned);
    if (epoch !== member.epoch && epoch !== 0 && !isBehind) {
      // Two answers with a new epoch were lost, one after the other.
      this.gone.add(id);
      throw new MemberGone(`member ${id} is at ${member.epoch}`);
    }
    member.heardOf = this.now;
    this.#reconcile(id, member, lanes);
    return { epoch: member.epoch, assigned: [...member.assigned].map((lane) => this.#partitions.get(lane)!) };
  }

  #reconcile(id: number, member: Known, owned: ReadonlySet<string>): void {
    for (const lane of member.unrevoked) if (!owned.has(lane)) member.unrevoked.delete(lane);
    if (member.unrevoked.size > 0) return;
    const target = this.#targetOf(id);
    const surplus = member.assigned.difference(target);
    if (surplus.size > 0) {
      member.assigned = member.assigned.intersection(target);
      for (const lane of surplus) member.unrevoked.add(lane);
      return;
    }
    if (member.epoch !== this.#epoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.#epoch;
    }
    for (const lane of target) {
      const isFree = this.#members
        .entries()
        .every(([other, { assigned, unrevoked }]) => other === id || !(assigned.has(lane) || unrevoked.has(lane)));
      if (isFree) member.assigned.add(lane);
    }
  }

  /** In turn: so that a member more moves most partitions, which is what is to be tried. */
  #targetOf(id: number): Set<string> {
    const ids = [...this.#members.keys()].toSorted((a, b) => a - b);
    const place = ids.indexOf(id);
    return new Set([...this.#partitions.keys()].filter((_, index) => index % ids.length === place));
  }

  #remove(id: number): void {
    if (this.#members.delete(id)) this.#epoch += 1;
  }
}

/** Where every partition's rows go: one place and one epoch a lane, as in `millrace_position`. */
export class SimulatedSink {
  readonly held = new Map<string, number>();
  readonly #epochs = new Map<string, number>();

  claim(lane: string): { readonly epoch: number; readonly next: number } {
    const epoch = (this.#epochs.get(lane) ?? 0) + 1;
    this.#epochs.set(lane, epoch);
    return { epoch, next: this.held.get(lane) ?? 0 };
  }

  /** False: another has claimed the lane since. Throws when records come twice, or one is left out. */
  write(lane: string, epoch: number, from: number, to: number): boolean {
    if (this.#epochs.get(lane) !== epoch) return false;
    const held = this.held.get(lane) ?? 0;
    if (from !== held) throw new Error(`${lane} is at ${held}, and records come from ${from} on`);
    this.held.set(lane, to);
    return true;
  }
}

interface Reading {
  readonly epoch: number;
  /** The next record to read, and the first that is not written. */
  next: number;
  written: number;
}

/** A process of the pipeline, which reads, holds what it has read for a while, and writes it. */
export class SimulatedProcess {
  id: number;
  readonly member = new ConsumerMember();
  readonly reading = new Map<string, Reading>();
  /** Until then it neither runs nor is heard of. */
  standsStillUntil = 0;
  readonly #sink: SimulatedSink;

  constructor(id: number, sink: SimulatedSink) {
    this.id = id;
    this.#sink = sink;
    this.member.subscribe(['t']);
  }

  /** `ends`: how many records each partition has by now. */
  read(ends: ReadonlyMap<string, number>): void {
    for (const [lane, reading] of this.reading) reading.next = ends.get(lane) ?? 0;
  }

  /** False: it was fenced. */
  write(): boolean {
    return [...this.reading.keys()].every((lane) => this.#write(lane));
  }

  /** What the source does with what the coordinator has said. False: it was fenced. */
  follow(now: number): boolean {
    for (const name of this.member.revoked) {
      const lane = laneOf(name);
      if (!this.#write(lane)) return false;
      this.reading.delete(lane);
      this.member.released(name);
    }
    for (let [name] = this.member.addedAt(now); name !== undefined; [name] = this.member.addedAt(now)) {
      this.member.taken(name);
      const { epoch, next } = this.#sink.claim(laneOf(name));
      this.reading.set(laneOf(name), { epoch, next, written: next });
    }
    return true;
  }

  #write(lane: string): boolean {
    const reading = this.reading.get(lane);
    if (reading === undefined || reading.next <= reading.written) return true;
    if (!this.#sink.write(lane, reading.epoch, reading.written, reading.next)) return false;
    reading.written = reading.next;
    return true;
  }
}
