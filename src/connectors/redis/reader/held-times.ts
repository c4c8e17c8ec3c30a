import type { Buffer } from 'node:buffer';
import type { Table } from '../../../core/table.ts';
import { expiryTime } from '../expiry-time.ts';
import { fieldOf, type HashFields } from '../hash-fields.ts';

/** Clocks of two servers differ: what is to leave within this is right whether it is there or not. */
const edgeMs = 300_000;

/** Until when a row or a field lives, in milliseconds since 1970. null: for ever; undefined: it cannot be told, as seconds from a commit that is long past. */
export type HeldUntil = number | null | undefined;

/** What column `at` of the image says. */
export const untilOf = (table: Table, at: number, image: HashFields): HeldUntil => {
  if (image.states[at] !== fieldOf.value) return null;
  const { type } = table.columns[at]!;
  if (type.kind === 'integer') return undefined;
  return expiryTime(type, (image.bytes as Buffer).latin1Slice(image.valueStarts[at]!, image.valueEnds[at]!), 0);
};

/** Whether what lives until then need not be there any more. */
export const mayBeGone = (until: HeldUntil, now: number): boolean =>
  until === undefined || (until !== null && until <= now + edgeMs);
