import type { ErrorEntry } from './entry.ts';

export const schemaErrors = {} as const satisfies Record<string, ErrorEntry>;
