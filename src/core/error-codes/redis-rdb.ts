import type { ErrorEntry } from './entry.ts';

export const redisRdbErrors = {
  REDIS_FILE_UNREADABLE: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) => `${d.file} cannot be read as rows: ${d.reason}`,
    hint: 'Nothing of it was written. Check `path`. Copy it again from the server, whole; `redis-check-rdb` and `redis-check-aof` should say the same of it. A log that a dead server cut goes with `aof.cut-tail: accept`; a version that is not known, with a newer millrace.',
  },
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
    message: (d: { readonly code: number; readonly offset: number; readonly version: number; readonly key: string }) =>
      `byte ${d.offset} says type ${d.code}, which version ${d.version} of the format does not have; its key is ${d.key}`,
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
  REDIS_COMMANDS_DAMAGED: {
    retryable: false,
    message: (d: { readonly offset: number; readonly reason: string }) =>
      `what begins at byte ${d.offset} is no command: ${d.reason}`,
    hint: 'Copy the file again; `redis-check-aof FILE` should say the same. Commands before that byte are whole.',
  },
  REDIS_AOF_CUT: {
    retryable: false,
    message: (d: { readonly file: string; readonly offset: number }) =>
      `${d.file} ends at byte ${d.offset} inside a command or a MULTI, though another file follows it`,
    hint: 'Copy the folder again: only the last file of an append-only log may be cut.',
  },
  REDIS_AOF_MANIFEST_INVALID: {
    retryable: false,
    message: (d: { readonly line: number; readonly reason: string }) =>
      `line ${d.line} of the manifest does not name a file of the log: ${d.reason}`,
    hint: 'Copy the whole folder that `appenddirname` names again, with its .manifest file.',
  },
  REDIS_AOF_NOT_FOUND: {
    retryable: false,
    message: (d: { readonly path: string; readonly manifests: number }) =>
      `${d.path} holds ${d.manifests} files that end in .manifest; one tells which files the log is made of`,
    hint: 'Give the folder that `appenddirname` names, a manifest, or the one file of a server before Redis 7.0.',
  },
} as const satisfies Record<string, ErrorEntry>;
