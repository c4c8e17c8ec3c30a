import type { ErrorEntry } from './entry.ts';

export const configErrors = {
  CONFIG_TABLE_PATTERN: {
    retryable: false,
    message: (d: { readonly pattern: string; readonly reason: string }) =>
      `cannot read the name pattern ${JSON.stringify(d.pattern)}: ${d.reason}`,
    hint: 'Write `database.table`, each part a regular expression over the whole name, with `\\.` for "any character": `shop.\\.*`, `app_[0-9]+.orders_\\d+`.',
  },
} as const satisfies Record<string, ErrorEntry>;
