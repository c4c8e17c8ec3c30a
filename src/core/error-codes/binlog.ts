import type { ErrorEntry } from './entry.ts';

export const binlogErrors = {} as const satisfies Record<string, ErrorEntry>;
