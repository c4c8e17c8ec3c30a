import type { ErrorEntry } from './entry.ts';

/** Files of rows. */
export const fileErrors = {
  FILE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly path: string; readonly reason: string }) => `cannot read ${d.path}: ${d.reason}`,
    hint: "Check 'path': it is taken from the working directory, and this user must be able to read it.",
  },
  FILE_LINE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly path: string; readonly line: number; readonly reason: string }) =>
      `line ${d.line} of ${d.path} cannot be read: ${d.reason}`,
    hint: "Repair the line, or leave such lines out with 'json.ignore-parse-errors' = 'true' or 'csv.ignore-parse-errors' = 'true': the log says how many there were.",
  },
} as const satisfies Record<string, ErrorEntry>;
