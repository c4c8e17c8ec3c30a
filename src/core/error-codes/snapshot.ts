import type { ErrorEntry } from './entry.ts';

export const snapshotErrors = {} as const satisfies Record<string, ErrorEntry>;
