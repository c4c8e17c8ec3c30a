import { z } from 'zod';
import { list } from '../../core/settings.ts';

/** Debezium's letters for inserts, updates, deletes and TRUNCATE. */
export type SkippedOperation = 'c' | 'u' | 'd' | 't';

/** `c,u,d,t` or some of them, or `none`; the output is the set of letters. */
export const skippedOperations = list
  .transform((letters, context): ReadonlySet<SkippedOperation> => {
    if (letters.length === 1 && letters[0] === 'none') return new Set();
    if (letters.length > 0 && letters.every((letter) => /^[cudt]$/.test(letter))) {
      return new Set(letters as SkippedOperation[]);
    }
    context.addIssue({ code: 'custom', message: 'not a list of operations: write some of c, u, d and t, or none' });
    return z.NEVER;
  })
  .prefault('t');

/** The letter of a change of rows; a snapshot's rows have none. */
export const letterOf = { create: 'c', update: 'u', delete: 'd', read: null } as const;
