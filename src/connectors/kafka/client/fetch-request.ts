import type { Reader } from '@platformatic/kafka';
import type { RawRequest } from './broker-connection.ts';
import { Writer } from './protocol-library.ts';
import type { AbortedTransaction } from './record-reader.ts';

export interface FetchPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface FetchOptions {
  readonly isolation: 'read_committed' | 'read_uncommitted';
  /** How long the broker may wait for `minBytes` to be there. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly partitionMaxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  /** Up to where transactions are decided; -1: the broker does not say. */
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly bytes: Buffer;
}

/**
 * Fetch, version 12 (Kafka 2.7 and newer), without a session. The records stay bytes.
 * https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export const fetchRequest = (
  places: readonly FetchPlace[],
  { isolation, maxWaitMs, minBytes, maxBytes, partitionMaxBytes }: FetchOptions,
): RawRequest<readonly FetchedPartition[]> => {
  const topics = [...Map.groupBy(places, ({ topic }) => topic)];
  const body = Writer.create()
    .appendInt32(-1)
    .appendInt32(maxWaitMs)
    .appendInt32(minBytes)
    .appendInt32(maxBytes)
    .appendInt8(isolation === 'read_committed' ? 1 : 0)
    .appendInt32(0)
    .appendInt32(-1)
    .appendArray(topics, (writer, [topic, partitions]) => {
      writer.appendString(topic).appendArray(partitions, (inner, { partition, offset }) => {
        inner
          .appendInt32(partition)
          .appendInt32(-1)
          .appendInt64(BigInt(offset))
          .appendInt32(-1)
          .appendInt64(-1n)
          .appendInt32(partitionMaxBytes);
      });
    })
    .appendArray<never>([], () => {})
    .appendString('')
    .appendTaggedFields();
  return { key: 1, version: 12, body: [body.buffer], parse: readFetched };
};

const readFetched = (reader: Reader): readonly FetchedPartition[] => {
  const found: FetchedPartition[] = [];
  reader.readInt32();
  const failure = reader.readInt16();
  reader.readInt32();
  reader.readArray(
    (topicReader) => {
      const topic = topicReader.readString();
      topicReader.readArray(
        (each) => {
          const partition = each.readInt32();
          const errorCode = each.readInt16();
          const highWatermark = Number(each.readInt64());
          const lastStableOffset = Number(each.readInt64());
          const logStartOffset = Number(each.readInt64());
          const aborted =
            each.readNullableArray(
              (one) => ({ producerId: one.readInt64(), firstOffset: Number(one.readInt64()) }),
              true,
              true,
            ) ?? [];
          each.readInt32();
          const bytes = each.readNullableBytes() ?? Buffer.alloc(0);
          found.push({
            topic,
            partition,
            errorCode: failure || errorCode,
            highWatermark,
            lastStableOffset,
            logStartOffset,
            aborted,
            bytes,
          });
        },
        true,
        true,
      );
      return topic;
    },
    true,
    true,
  );
  return found;
};
