import type { ErrorEntry } from './entry.ts';

/** What can be wrong with another tool's file. */
export const convertErrors = {
  CONVERT_INPUT: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) => `cannot convert ${d.file}: ${d.reason}`,
    hint: 'Name the file that the other tool reads: a connector as JSON or properties, config.properties, instance.properties, or a pipeline YAML.',
  },
} as const satisfies Record<string, ErrorEntry>;
