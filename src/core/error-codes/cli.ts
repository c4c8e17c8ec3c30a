import type { ErrorEntry } from './entry.ts';

export const cliErrors = {} as const satisfies Record<string, ErrorEntry>;
