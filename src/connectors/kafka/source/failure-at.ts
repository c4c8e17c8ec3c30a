import { isMillraceError, MillraceError } from '../../../core/errors.ts';
import type { PartitionName } from './lane.ts';

/** Names the message that could not be read. */
export const failureAt = (error: unknown, { topic, partition }: PartitionName, offset: number): MillraceError => {
  if (isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE')) return error;
  const reason = (error as Error).message;
  const code = isMillraceError(error) ? 'KAFKA_MESSAGE_UNREADABLE' : 'KAFKA_CORRUPT_RECORDS';
  return new MillraceError(code, { topic, partition, offset, reason }, { cause: error });
};
