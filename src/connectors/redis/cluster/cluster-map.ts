import { MillraceError } from '../../../core/errors.ts';
import { slotCount } from '../../../protocol/redis/key-slot.ts';
import type { Reply } from '../../../protocol/redis/reply.ts';

/** Where a server listens. */
export interface ServerAddress {
  readonly hostname: string;
  readonly port: number;
}

export const addressText = ({ hostname, port }: ServerAddress): string => `${hostname}:${port}`;

/** Which primary has which slots, as one node saw it. */
export class ClusterMap {
  /** In the order of their first slots. */
  readonly primaries: readonly ServerAddress[];
  /** By position in `primaries`: its least slot. */
  readonly firstSlots: readonly number[];
  /** By slot: the owner's position in `primaries`. */
  readonly #owners: Uint16Array;

  private constructor(primaries: readonly ServerAddress[], firstSlots: readonly number[], owners: Uint16Array) {
    this.primaries = primaries;
    this.firstSlots = firstSlots;
    this.#owners = owners;
  }

  /**
   * Of an answer to `CLUSTER SLOTS`. `asked` is who gave it: a node that does not know its own name leaves it out. Throws
   * REDIS_NOT_READY where a slot is nobody's.
   */
  static read(reply: Reply, asked: ServerAddress): ClusterMap {
    const primaries: ServerAddress[] = [];
    const firstSlots: number[] = [];
    const owners = new Uint16Array(slotCount).fill(nobody);
    const known = new Map<string, number>();
    const ranges = (Array.isArray(reply) ? (reply as readonly Reply[]) : []).map((range) => range as readonly Reply[]);
    for (const [first, last, node] of ranges.toSorted((one, other) => Number(one[0]) - Number(other[0]))) {
      const [name, port] = node as readonly Reply[];
      const hostname = name === null || String(name) === '' ? asked.hostname : String(name);
      const address = { hostname, port: Number(port) };
      // Another node has taken the owner's address.
      if (address.port === 0) continue;
      let owner = known.get(addressText(address));
      if (owner === undefined) {
        owner = primaries.push(address) - 1;
        firstSlots.push(Number(first));
        known.set(addressText(address), owner);
      }
      owners.fill(owner, Number(first), Number(last) + 1);
    }
    const uncovered = owners.filter((owner) => owner === nobody).length;
    if (uncovered === 0) return new ClusterMap(primaries, firstSlots, owners);
    const reason = `${uncovered} of the cluster's ${slotCount} slots are on no node`;
    throw new MillraceError('REDIS_NOT_READY', { server: addressText(asked), reason });
  }

  /** A position in `primaries`. */
  ownerOf(slot: number): number {
    return this.#owners[slot]!;
  }

  equals(other: ClusterMap): boolean {
    const text = ({ primaries }: ClusterMap): string => primaries.map(addressText).join();
    return text(this) === text(other) && this.#owners.every((owner, slot) => owner === other.#owners[slot]);
  }
}

const nobody = 0xffff;
