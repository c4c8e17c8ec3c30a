import type { ErrorEntry } from './entry.ts';

/** What can go wrong with a user's own processing step. */
export const processErrors = {
  PROCESS_MODULE_UNUSABLE: {
    retryable: false,
    message: (d: { readonly module: string; readonly reason: string }) => `${d.module} cannot be used: ${d.reason}`,
    hint: 'Export the result of defineProcess({...}) as default from an ES module; TypeScript may use only what can be erased.',
  },
  PROCESS_FAILED: {
    retryable: false,
    message: (d: {
      readonly module: string;
      readonly step: string;
      readonly table: string;
      readonly place: string;
      readonly reason: string;
    }) => `${d.step} of ${d.module} failed on a row of ${d.table} at ${d.place}: ${d.reason}`,
    hint: 'Correct the module and run the pipeline again: it goes on at that row. `errors.tolerance: all` puts such rows into the dead letters instead.',
  },
  PROCESS_TIMEOUT: {
    retryable: true,
    message: (d: {
      readonly module: string;
      readonly step: string;
      readonly table: string;
      readonly place: string;
      readonly timeoutMs: number;
    }) => `${d.step} of ${d.module} took longer than ${d.timeoutMs} ms on a row of ${d.table} at ${d.place}`,
    hint: 'millrace tries again by itself. When it lasts, look at what the step waits for, or set a longer `timeout`.',
  },
  PROCESS_ROW_WRONG: {
    retryable: false,
    message: (d: {
      readonly module: string;
      readonly table: string;
      readonly column: string;
      readonly reason: string;
    }) => `${d.module} made a row of ${d.table} whose ${d.column} ${d.reason}`,
    hint: 'Return rows with exactly the columns of the table and those that `columns` declares, each of its declared type.',
  },
  PROCESS_COLUMNS: {
    retryable: false,
    message: (d: { readonly module: string; readonly table: string; readonly reason: string }) =>
      `the columns that ${d.module} declares do not fit ${d.table}: ${d.reason}`,
    hint: 'Declare columns that the table does not have, with types as in SQL; leave out (`null`) only columns outside the key.',
  },
} as const satisfies Record<string, ErrorEntry>;
