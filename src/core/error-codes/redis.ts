import type { ErrorEntry } from './entry.ts';

export const redisErrors = {
  REDIS_PROTOCOL: {
    retryable: true,
    message: (d: { readonly offset: number; readonly reason: string }) =>
      `byte ${d.offset} of a Redis connection makes no sense: ${d.reason}`,
    hint: 'millrace connects again by itself. When it repeats, check that `port` is the one of Redis, whether it expects TLS (`ssl.mode: required`), and proxies in between.',
  },
  REDIS_AUTHENTICATION_FAILED: {
    retryable: false,
    message: (d: { readonly server: string; readonly user: string; readonly reason: string }) =>
      `${d.server} refused the login of ${d.user}: ${d.reason}`,
    hint: 'Check `username` and `password`. Servers before Redis 6, and those with `requirepass` alone, have only the user default.',
  },
  REDIS_NOT_PERMITTED: {
    retryable: false,
    message: (d: { readonly server: string; readonly user: string; readonly command: string }) =>
      `${d.server} does not let ${d.user} run ${d.command}`,
    hint: 'Allow the command: `ACL SETUSER name +command`, and the keys it is about: `~pattern`.',
  },
  REDIS_COMMAND_REFUSED: {
    retryable: false,
    message: (d: { readonly server: string; readonly command: string; readonly reason: string }) =>
      `${d.server} refused ${d.command}: ${d.reason}`,
    hint: "Look up the error's first word. The position did not move, so running the pipeline again repeats the same work.",
  },
  REDIS_NOT_READY: {
    retryable: true,
    message: (d: { readonly server: string; readonly reason: string }) => `${d.server} cannot serve now: ${d.reason}`,
    hint: 'millrace tries again by itself. When it lasts, look at `INFO persistence` and `INFO replication` of the server.',
  },
} as const satisfies Record<string, ErrorEntry>;
