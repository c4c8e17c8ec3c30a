import type { ErrorEntry } from './entry.ts';

export const flinkErrors = {
  FLINK_UNREACHABLE: {
    retryable: true,
    message: (d: { readonly address: string; readonly reason: string }) =>
      `Flink does not answer at ${d.address}: ${d.reason}`,
    hint: 'Check `--gateway` (the SQL Gateway, port 8083 where nothing else is said) and `--rest` (the JobManager, port 8081), and that both run.',
  },
  FLINK_REFUSED: {
    retryable: false,
    message: (d: { readonly address: string; readonly status: number; readonly reason: string }) =>
      `Flink at ${d.address} answers HTTP ${d.status}: ${d.reason}`,
    hint: 'Check the id of the job, and that the address is that of a SQL Gateway (`--gateway`) or a JobManager (`--rest`) of Flink 1.18 or later.',
  },
  FLINK_STATEMENT_FAILED: {
    retryable: false,
    message: (d: { readonly statement: string; readonly reason: string }) =>
      `Flink cannot run ${d.statement}: ${d.reason}`,
    hint: 'A connector or format that it does not find has to lie in the lib folder of the Gateway and of the cluster. `millrace sql submit --dry-run` prints what is sent.',
  },
} as const satisfies Record<string, ErrorEntry>;
