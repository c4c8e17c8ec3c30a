import type { ErrorEntry } from './entry.ts';

export const binlogErrors = {
  BYTES_TRUNCATED: {
    retryable: false,
    message: (d: { readonly what: string; readonly offset: number; readonly needed: number; readonly left: number }) =>
      `${d.what} ends too early: ${d.needed} bytes needed at offset ${d.offset}, ${d.left} left`,
    hint: 'The bytes were cut or damaged on the way. Read the same place again with `millrace binlog dump`; when it fails there too, compare with mysqlbinlog and report both outputs.',
  },
  BYTES_MALFORMED: {
    retryable: false,
    message: (d: { readonly what: string; readonly reason: string }) => `${d.what} cannot be read: ${d.reason}`,
    hint: 'The bytes were damaged on the way, or the server writes a form that this version does not know. Compare with mysqlbinlog and report both outputs.',
  },
  BINLOG_CHECKSUM_MISMATCH: {
    retryable: true,
    message: (d: {
      readonly event: string;
      readonly logPos: number;
      readonly stored: number;
      readonly computed: number;
    }) => `checksum of ${d.event} ending at ${d.logPos} is ${hex(d.computed)}, the event says ${hex(d.stored)}`,
    hint: 'millrace reads the event again. When it repeats at the same place, the binlog file is damaged: verify it with `mysqlbinlog --verify-binlog-checksum` and continue from another server or a new snapshot.',
  },
  BINLOG_UNKNOWN_EVENT: {
    retryable: false,
    message: (d: { readonly type: number; readonly logPos: number }) =>
      `event type ${d.type} ending at ${d.logPos} is not known and not marked as ignorable`,
    hint: 'Skipping it could lose changes, so nothing was skipped. Update millrace, or switch the server feature off that writes this event.',
  },
  BINLOG_UNSUPPORTED_EVENT: {
    retryable: false,
    message: (d: { readonly event: string; readonly logPos: number; readonly reason: string }) =>
      `${d.event} ending at ${d.logPos} is not supported: ${d.reason}`,
    hint: 'Start behind this event with `scan.startup.mode: specific-offset`, or take a new snapshot of the affected tables.',
  },
  BINLOG_UNSUPPORTED_SERVER: {
    retryable: false,
    message: (d: { readonly version: string }) => `binlog was written by server version ${d.version}`,
    hint: 'millrace reads binlogs of MySQL 5.6 and later and of MariaDB 10.5 and later. Upgrade the server.',
  },
  BINLOG_EVENT_TOO_LARGE: {
    retryable: false,
    message: (d: { readonly what: string; readonly sizeBytes: number; readonly limitBytes: number }) =>
      `${d.what} says it has ${d.sizeBytes} bytes, the limit is ${d.limitBytes}`,
    hint: 'No server writes an event of this size, so the bytes are damaged. Read the same place again with `millrace binlog dump`.',
  },
  BINLOG_NOT_A_BINLOG: {
    retryable: false,
    message: (d: { readonly file: string; readonly found: string }) =>
      `${d.file} starts with ${d.found} where a binlog starts with fe62696e`,
    hint: 'Name a binlog file (binlog.000001), not an index, a relay-log info or a compressed copy. Unpack archives first.',
  },
  BINLOG_ENCRYPTED: {
    retryable: false,
    message: (d: { readonly file: string; readonly how: string }) => `${d.file} is encrypted (${d.how})`,
    hint: 'Servers send encrypted binlogs decrypted, so read it from the server, or write a plain copy with `mysqlbinlog --read-from-remote-server --raw`.',
  },
  BINLOG_OUT_OF_SEQUENCE: {
    retryable: true,
    message: (d: { readonly expected: number; readonly got: number }) =>
      `packet number ${d.got} came where ${d.expected} was due`,
    hint: 'Packets were lost between server and millrace, which reconnects. When it repeats, look for a proxy that rewrites the connection.',
  },
  BINLOG_STREAM_GARBAGE: {
    retryable: true,
    message: (d: { readonly status: number | null; readonly lengthBytes: number }) =>
      `packet of ${d.lengthBytes} bytes${d.status === null ? '' : ` that starts with ${hex(d.status)}`} came where an event was due`,
    hint: 'millrace reconnects. When it repeats, check that hostname and port lead to a MySQL or MariaDB server without a protocol-changing proxy.',
  },
  MYSQL_SERVER_ERROR: {
    retryable: false,
    message: (d: { readonly code: number; readonly state: string; readonly message: string }) =>
      `server answers ${d.code} (${d.state}): ${d.message}`,
    hint: 'Look the number up with `perror` or in the server manual, and in the server log.',
  },
  BINLOG_POSITION_TOO_FAR: {
    retryable: false,
    message: (d: { readonly file: string; readonly position: number }) =>
      `position ${d.position} in ${d.file} is beyond 4 GiB, where a dump by file and position cannot start`,
    hint: 'Start by GTID, or at the beginning of the next file.',
  },
  GTID_SET_MALFORMED: {
    retryable: false,
    message: (d: { readonly text: string; readonly reason: string }) =>
      `GTID set ${d.text} cannot be read: ${d.reason}`,
    hint: 'Write MySQL sets as `uuid:1-100:200,uuid:tag:1-5` and MariaDB positions as `0-1-100,1-2-50`, as the server itself prints them.',
  },
} as const satisfies Record<string, ErrorEntry>;

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
