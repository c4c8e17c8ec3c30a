import type { ErrorEntry } from './entry.ts';

export const mysqlErrors = {} as const satisfies Record<string, ErrorEntry>;
