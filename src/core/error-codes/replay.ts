import type { ErrorEntry } from './entry.ts';

export const replayErrors = {} as const satisfies Record<string, ErrorEntry>;
