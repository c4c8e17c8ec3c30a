import type { ErrorEntry } from './entry.ts';

export const sinkErrors = {} as const satisfies Record<string, ErrorEntry>;
