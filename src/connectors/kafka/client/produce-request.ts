import type { Reader } from '@platformatic/kafka';
import type { RawRequest } from './broker-connection.ts';
import { Writer } from './protocol-library.ts';

export interface ProduceAnswer {
  readonly errorCode: number;
  /** The offset of the batch's first record; -1: the broker does not say. */
  readonly baseOffset: number;
  readonly message: string | null;
}

/**
 * Produce with one batch for one partition, whose bytes are sent as they are: version 9 (Kafka 2.7 and newer), or 12 (Kafka 4.0 and
 * newer), by which the partition becomes part of the open transaction.
 * https://kafka.apache.org/protocol#The_Messages_Produce
 */
export const produceRequest = (
  topic: string,
  partition: number,
  batch: Buffer,
  options: {
    readonly version: 9 | 12;
    readonly transactionalId: string | null;
    readonly acks: number;
    readonly timeoutMs: number;
  },
): RawRequest<ProduceAnswer> => {
  const head = Writer.create()
    .appendString(options.transactionalId)
    .appendInt16(options.acks)
    .appendInt32(options.timeoutMs)
    .appendUnsignedVarInt(2)
    .appendString(topic)
    .appendUnsignedVarInt(2)
    .appendInt32(partition)
    .appendUnsignedVarInt(batch.length + 1);
  return { key: 0, version: options.version, body: [head.buffer, batch, noTags], parse: readProduced };
};

/** Of the partition, the topic and the request. */
const noTags = new Uint8Array(3);

const readProduced = (reader: Reader): ProduceAnswer => {
  let answer: ProduceAnswer = { errorCode: -1, baseOffset: -1, message: null };
  reader.readArray(
    (topic) => {
      const name = topic.readString();
      topic.readArray(
        (partition) => {
          partition.readInt32();
          const errorCode = partition.readInt16();
          const baseOffset = Number(partition.readInt64());
          partition.readInt64();
          partition.readInt64();
          const reasons = partition.readArray(
            (record) => {
              record.readInt32();
              return record.readNullableString();
            },
            true,
            true,
          );
          const message = partition.readNullableString() ?? reasons.find((reason) => reason !== null) ?? null;
          answer = { errorCode, baseOffset, message };
        },
        true,
        true,
      );
      return name;
    },
    true,
    true,
  );
  return answer;
};
