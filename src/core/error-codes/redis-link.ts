import type { ErrorEntry } from './entry.ts';

export const redisLinkErrors = {
  REDIS_SPOOL_FAILED: {
    retryable: true,
    message: (d: { readonly folder: string; readonly reason: string }) =>
      `the replication stream cannot be kept in ${d.folder}: ${d.reason}`,
    hint: 'Make room there, or name another folder with `spool.directory` (without it, the folder for temporary files: TMPDIR). Nothing is lost: the link begins again from what the target holds.',
  },
  REDIS_REPLICATION_CUT_OFF: {
    retryable: false,
    message: (d: { readonly server: string; readonly times: number }) =>
      `${d.server} ended the replication link ${d.times} times in a row before anything behind its snapshot was taken`,
    hint: 'The server drops a replica whose output waits too long: `CONFIG SET client-output-buffer-limit "replica 1gb 512mb 120"`. Raise `repl-backlog-size` too, so that a link goes on instead of beginning anew. The log of the server names the reason.',
  },
  REDIS_REPLICATION_STUCK: {
    retryable: true,
    message: (d: {
      readonly server: string;
      readonly received: number;
      readonly offset: number;
      readonly forMs: number;
    }) =>
      `${d.server} is at offset ${d.offset} of its stream, and for ${d.forMs} ms nothing has come behind ${d.received}`,
    hint: 'millrace ends the link and asks to go on from its place. When it repeats, look for a proxy between, and at `CLIENT LIST TYPE replica` on the server.',
  },
  REDIS_COMMANDS_UNKNOWN: {
    retryable: false,
    message: (d: { readonly command: string; readonly offset: number }) =>
      `${d.command} at byte ${d.offset} may have changed any key, and the log does not say what it did`,
    hint: 'Servers before Redis 5 log scripts themselves. Load the log into a server and use its saved file: `redis-server --appendonly yes --dir COPY`, then `SAVE`.',
  },
} as const satisfies Record<string, ErrorEntry>;
