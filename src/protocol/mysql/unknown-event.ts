import { MillraceError } from '../../core/errors.ts';
import { type EventFrame, eventFlag } from './event-frame.ts';

/**
 * For events nobody decodes: returns when the server marked the event as safe to skip, throws BINLOG_UNKNOWN_EVENT otherwise,
 * since it may hold changes.
 */
export const skipIgnorable = (frame: EventFrame): void => {
  if ((frame.flags & eventFlag.IGNORABLE) !== 0) return;
  throw new MillraceError('BINLOG_UNKNOWN_EVENT', { type: frame.type, logPos: frame.logPos });
};
