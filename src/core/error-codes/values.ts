import type { ErrorEntry } from './entry.ts';

export const valueErrors = {} as const satisfies Record<string, ErrorEntry>;
