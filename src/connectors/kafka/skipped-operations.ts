import { z } from 'zod';
import { list } from '../../core/settings.ts';
import type { SkippedOperation } from './operation-letter.ts';

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
