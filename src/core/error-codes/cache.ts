import type { ErrorEntry } from './entry.ts';

/** What an application that reads through Redis can get wrong, or must know. */
export const cacheErrors = {
  CACHE_TABLE_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) => `${d.table} cannot be cached: ${d.reason}`,
    hint: 'Name a table as `database.table`, with a primary key or a unique key of whole NOT NULL columns; say in `mode` what the pipeline does to its keys, or `aside` where no pipeline does anything.',
  },
  CACHE_TABLE_CHANGED: {
    retryable: false,
    message: (d: { readonly table: string; readonly number: number }) =>
      `${d.table} is not what it was when the cache opened it: MySQL answers ${d.number}`,
    hint: 'A column, or the table, was dropped or renamed. Call `cache.table` again, and write the types anew with `millrace types`.',
  },
  CACHE_KEY_INVALID: {
    retryable: false,
    message: (d: { readonly table: string; readonly column: string; readonly reason: string }) =>
      `the key of a row of ${d.table} lacks a value of ${d.column}: ${d.reason}`,
    hint: 'Give every column of the key, each as rows have it: numbers for integers, text as MySQL shows it for decimals and times, Uint8Array for bytes.',
  },
  CACHE_MIRRORED: {
    retryable: false,
    message: (d: { readonly table: string }) =>
      `${d.table} is mirrored by a pipeline, so none of its rows can be removed from Redis`,
    hint: 'Leave it to the pipeline: it applies the change. To read what was just written, give the token of `write` as `atLeast`.',
  },
  CACHE_WRITE_REFUSED: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `a row of ${d.table} cannot be written to Redis first: ${d.reason}`,
    hint: 'Give every column as rows have it: numbers for integers, text as MySQL shows it for decimals and times, Uint8Array for bytes; and set maxmemory-policy to noeviction or one of volatile-*. `write` goes to MySQL at once.',
  },
  CACHE_BEHIND: {
    retryable: true,
    message: (d: { readonly table: string; readonly waitedMs: number }) =>
      `the pipeline did not apply a write to ${d.table} within ${d.waitedMs} ms`,
    hint: 'Look at the lag with `millrace status`; wait longer with `timeoutMs`, or let MySQL answer with `onTimeout: mysql`.',
  },
  CACHE_OVERLOADED: {
    retryable: true,
    message: (d: { readonly server: string; readonly reads: number; readonly waiting: number }) =>
      `${d.reads} reads are under way at ${d.server} and ${d.waiting} wait`,
    hint: 'More misses come than MySQL answers. See `stats()` for why they miss; raise `maxReads` where the server has room.',
  },
} as const satisfies Record<string, ErrorEntry>;
