import type { Origin } from '../../core/change.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';

/** Names the message that a value stands in which is none of its column's type; other errors as they are. */
export const unreadableAt = (error: unknown, origin: Origin, offset: number): unknown => {
  if (!isMillraceError(error, 'FORMAT_VALUE_UNREADABLE') || origin.kind !== 'kafka') return error;
  const { topic, partition } = origin;
  return new MillraceError(
    'KAFKA_MESSAGE_UNREADABLE',
    { topic, partition, offset, reason: error.message },
    { cause: error },
  );
};
