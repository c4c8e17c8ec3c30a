import type { RawRequest } from './broker-connection.ts';
import { Writer } from './protocol-library.ts';

export interface EndTransactionAnswer {
  readonly errorCode: number;
  /** Whom the producer writes as from now on. Another id: the epochs of the last one are used up. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/**
 * EndTxn, version 5 (Kafka 4.0 and newer).
 * https://kafka.apache.org/protocol#The_Messages_EndTxn
 */
export const endTransactionRequest = (
  transactionalId: string,
  producerId: bigint,
  producerEpoch: number,
  committed: boolean,
): RawRequest<EndTransactionAnswer> => {
  const body = Writer.create()
    .appendString(transactionalId)
    .appendInt64(producerId)
    .appendInt16(producerEpoch)
    .appendBoolean(committed)
    .appendTaggedFields();
  return {
    key: 26,
    version: 5,
    body: [body.buffer],
    parse: (reader) => {
      reader.readInt32();
      return { errorCode: reader.readInt16(), producerId: reader.readInt64(), producerEpoch: reader.readInt16() };
    },
  };
};
