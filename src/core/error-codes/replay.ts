import type { ErrorEntry } from './entry.ts';

export const replayErrors = {
  SERVER_UNAVAILABLE: {
    retryable: false,
    message: (details: { server: string; reason: string }) =>
      `the throw-away server ${details.server} cannot be had: ${details.reason}`,
    hint: 'Run on Debian with apt configured, or name servers of your own in MILLRACE_TEST_MYSQL_97, MILLRACE_TEST_MARIADB_118 and MILLRACE_TEST_MARIADB_1011.',
  },
  SERVER_START_FAILED: {
    retryable: false,
    message: (details: { server: string; reason: string }) =>
      `the throw-away server ${details.server} did not start: ${details.reason}`,
    hint: "Read the reason in the server's own words; remove the cached copy under ~/.cache/millrace/servers if it is damaged.",
  },
} as const satisfies Record<string, ErrorEntry>;
