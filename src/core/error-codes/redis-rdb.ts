import type { ErrorEntry } from './entry.ts';

export const redisRdbErrors = {
  REDIS_RDB_NOT_A_FILE: {
    retryable: false,
    message: (d: { readonly bytes: number }) => `the first ${d.bytes} bytes are not how an RDB file begins`,
    hint: 'Give a file that SAVE or BGSAVE wrote; it begins with REDIS or VALKEY and a version.',
  },
  REDIS_RDB_UNKNOWN_VERSION: {
    retryable: false,
    message: (d: { readonly dialect: string; readonly version: string; readonly newest: number }) =>
      `the file is of version ${d.version} of ${d.dialect}'s RDB; ${d.newest} is the newest that is known`,
    hint: 'Upgrade millrace, or save from a server of an older release.',
  },
  REDIS_RDB_UNKNOWN_TYPE: {
    retryable: false,
    message: (d: { readonly code: number; readonly offset: number; readonly version: number }) =>
      `byte ${d.offset} says type ${d.code}, which version ${d.version} of the format does not have`,
    hint: 'A key of this type cannot be skipped safely. Upgrade millrace, or delete the key and save again.',
  },
  REDIS_RDB_DAMAGED: {
    retryable: false,
    message: (d: { readonly offset: number; readonly reason: string }) =>
      `the RDB file is damaged in what begins at byte ${d.offset}: ${d.reason}`,
    hint: 'Copy the file again, or save it again on the server; `redis-check-rdb FILE` should say the same.',
  },
  REDIS_RDB_CUT: {
    retryable: false,
    message: (d: { readonly offset: number }) => `the RDB file ends at byte ${d.offset}, before its end mark`,
    hint: 'Copy it again when the server has finished writing it.',
  },
} as const satisfies Record<string, ErrorEntry>;
