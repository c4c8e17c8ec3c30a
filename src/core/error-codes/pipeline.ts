import type { ErrorEntry } from './entry.ts';

export const pipelineErrors = {} as const satisfies Record<string, ErrorEntry>;
