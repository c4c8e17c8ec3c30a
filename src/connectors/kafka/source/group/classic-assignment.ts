/**
 * What members of a classic group tell each other in bytes that the coordinator only passes on, in the words of Kafka's consumers:
 *
 *     version i16 | topics [string] | user data bytes                         a member's subscription
 *     version i16 | [topic string, partitions [i32]] | user data bytes        what the leader gives a member
 *
 * Lengths are i32 before lists and bytes, and i16 before strings. Behind what is read here, later versions have more.
 * https://github.com/apache/kafka/tree/trunk/clients/src/main/resources/common/message (ConsumerProtocol*.json)
 */
import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../../core/errors.ts';
import type { PartitionName } from '../lane.ts';

export const writeSubscription = (topics: readonly string[]): Buffer =>
  Buffer.concat([int16(0), int32(topics.length), ...topics.map(textBytes), int32(-1)]);

/** Throws KAFKA_GROUP_MEMBER_GONE when the bytes are none. */
export const readSubscription = (bytes: Uint8Array, group: string): readonly string[] => {
  const reader = new ProtocolReader(bytes, group);
  reader.int16();
  return Array.from({ length: reader.count() }, () => reader.text());
};

export const writeAssignment = (partitions: readonly PartitionName[]): Buffer => {
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)];
  const parts = topics.flatMap(([topic, of]) => [
    textBytes(topic),
    int32(of.length),
    ...of.map(({ partition }) => int32(partition)),
  ]);
  return Buffer.concat([int16(0), int32(topics.length), ...parts, int32(-1)]);
};

/** No bytes: nothing is assigned. Throws KAFKA_GROUP_MEMBER_GONE when the bytes are none of these. */
export const readAssignment = (bytes: Uint8Array, group: string): readonly PartitionName[] => {
  if (bytes.length === 0) return [];
  const reader = new ProtocolReader(bytes, group);
  reader.int16();
  const topics = Array.from({ length: reader.count() }, () => {
    const topic = reader.text();
    return Array.from({ length: reader.count() }, () => ({ topic, partition: reader.int32() }));
  });
  return topics.flat();
};

/**
 * Kafka's range assignor: of each topic, every member that asks for it gets a row of neighbouring partitions, the first ones one more
 * where they do not come out even. `counts`: how many partitions each topic has.
 */
export const rangeAssignment = (
  members: ReadonlyMap<string, readonly string[]>,
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly PartitionName[]> => {
  const given = new Map<string, PartitionName[]>([...members.keys()].map((member) => [member, []]));
  for (const [topic, count] of counts) {
    const asking = [...members].filter(([, topics]) => topics.includes(topic)).map(([member]) => member);
    let next = 0;
    for (const [place, member] of asking.toSorted().entries()) {
      const share = Math.floor(count / asking.length) + (place < count % asking.length ? 1 : 0);
      for (let i = 0; i < share; i += 1) given.get(member)!.push({ topic, partition: next + i });
      next += share;
    }
  }
  return given;
};

class ProtocolReader {
  readonly #bytes: Buffer;
  readonly #group: string;
  #at = 0;

  constructor(bytes: Uint8Array, group: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#group = group;
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** Of things of which each takes two bytes at least. */
  count(): number {
    const count = this.int32();
    if (count < 0 || count * 2 > this.#bytes.length) this.#refuse();
    return count;
  }

  text(): string {
    const length = this.int16();
    if (length < 0) this.#refuse();
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) this.#refuse();
    this.#at = start + length;
    return start;
  }

  #refuse(): never {
    const reason = 'a member speaks another protocol than that of Kafka’s consumers';
    throw new MillraceError('KAFKA_GROUP_MEMBER_GONE', { group: this.#group, reason });
  }
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const textBytes = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([int16(bytes.length), bytes]);
};
