import type { ErrorEntry } from './entry.ts';

export const formatErrors = {} as const satisfies Record<string, ErrorEntry>;
