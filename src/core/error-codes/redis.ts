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
    hint: 'millrace tries again by itself. When it lasts, look at `INFO persistence` and `INFO replication` of the server, and at `CLUSTER INFO` of a cluster.',
  },
  REDIS_OUT_OF_MEMORY: {
    retryable: true,
    message: (d: { readonly server: string }) => `${d.server} has no memory for more, so it takes no writes`,
    hint: 'millrace waits and goes on by itself; nothing is skipped. Raise `maxmemory`, or remove what is not needed; with `maxmemory-policy noeviction` nothing is removed by the server.',
  },
  REDIS_WRONG_TYPE: {
    retryable: false,
    message: (d: { readonly server: string; readonly command: string }) =>
      `${d.server} holds something of another type where ${d.command} should write a row`,
    hint: 'Somebody else uses keys that the `key` of the sink gives to rows. Remove those keys or choose another `key`, then take a new snapshot of the table.',
  },
  REDIS_LAYOUT_CHANGED: {
    retryable: false,
    message: (d: { readonly table: string; readonly reason: string }) =>
      `the settings have ${d.table} otherwise in Redis than it was written: ${d.reason}`,
    hint: 'Set them back, or begin anew: remove the rows that are there and the keys `millrace:*:PIPELINE`, and start with `scan.startup.mode: initial`. Nothing was written.',
  },
  REDIS_LACKS_COMMAND: {
    retryable: false,
    message: (d: { readonly server: string; readonly command: string; readonly setting: string }) =>
      `${d.server} does not know ${d.command}, which \`${d.setting}\` needs`,
    hint: 'Times to live of fields came with Redis 7.4 and Valkey 9. JSON.SET is there in Redis Stack, in Redis 8 as its makers build it (the packages of Debian leave it out), and with the module loaded; `value: json` needs none.',
  },
  REDIS_DATA_LOST: {
    retryable: true,
    message: (d: { readonly server: string }) =>
      `what millrace keeps in ${d.server} is gone or was exchanged: it was flushed, evicted, swapped, or another server answers there now`,
    hint: 'millrace asks the server what it holds and goes on from there by itself: from an older position, or with a new snapshot where there is none. When it repeats, look for `maxmemory-policy allkeys-…`, which evicts the position too.',
  },
  REDIS_SOURCE_CLUSTER: {
    retryable: false,
    message: (d: { readonly server: string }) =>
      `${d.server} is a node of a Redis Cluster, which has some of the keys and says nothing of the others`,
    hint: 'Reading by SCAN is for stand-alone servers. Of a cluster all nodes are read with `mode: replica`, the default, where the account may replicate; else read saved files of the nodes, with `path`, one pipeline each.',
  },
  REDIS_CLUSTER_ALONE: {
    retryable: false,
    message: (d: { readonly server: string }) =>
      `${d.server} has no replica, so its slots are gone with it, and with them the whole cluster takes no writes`,
    hint: 'Add one: `redis-cli --cluster add-node NEW ANY --cluster-slave --cluster-master-id ID`.',
  },
  REDIS_SINK_EVICTS: {
    retryable: false,
    message: (d: { readonly server: string; readonly policy: string }) =>
      `${d.server} may evict any key (maxmemory-policy ${d.policy}): rows, and the position too`,
    hint: 'CONFIG SET maxmemory-policy noeviction, or volatile-lru where the evicted keys are those with a time to live.',
  },
  REDIS_SINK_ALMOST_FULL: {
    retryable: false,
    message: (d: { readonly server: string; readonly usedBytes: number; readonly maxBytes: number }) =>
      `${d.server} uses ${d.usedBytes} of the ${d.maxBytes} bytes that \`maxmemory\` lets it`,
    hint: 'Raise maxmemory before it refuses rows: the pipeline waits then (REDIS_OUT_OF_MEMORY), and skips none.',
  },
  REDIS_SINK_UNSAVED: {
    retryable: false,
    message: (d: { readonly server: string }) =>
      `${d.server} keeps no append-only file, so a crash takes it back to its last RDB file, or to nothing`,
    hint: 'CONFIG SET appendonly yes. Without it nothing is lost, because the position goes back with the rows; but the log is read again from there, or, where MySQL has purged it, every table.',
  },
  REDIS_SOURCE_BACKLOG_SMALL: {
    retryable: false,
    message: (d: { readonly server: string; readonly bytes: number }) =>
      `${d.server} keeps ${d.bytes} bytes of its stream for replicas that were away; after more than that everything is read anew`,
    hint: 'CONFIG SET repl-backlog-size to what it writes in the longest pause that should cost nothing: 256mb, say.',
  },
  REDIS_SOURCE_BUFFER_SMALL: {
    retryable: false,
    message: (d: { readonly server: string; readonly bytes: number }) =>
      `${d.server} cuts a replica off that has ${d.bytes} bytes to come, which a full resynchronization under load exceeds each time`,
    hint: "CONFIG SET client-output-buffer-limit 'replica 256mb 64mb 60', which is the default, or more.",
  },
  REDIS_REPLICATION_LINK: {
    retryable: true,
    message: (d: { readonly reason: string }) => `the replication link does not read as one: ${d.reason}`,
    hint: 'Check that `hostname` and `port` name a Redis or Valkey server itself, with no proxy between.',
  },
  REDIS_KEY_UNREADABLE: {
    retryable: false,
    message: (d: { readonly key: string; readonly reason: string }) =>
      `the key ${d.key} is no row of its table: ${d.reason}`,
    hint: 'Correct the key in Redis, or the declaration in `schema`. Fields that no column is for go with `value.unknown-fields: ignore`. Nothing was skipped: reading stops before the key.',
  },
  REDIS_SOURCE_EVICTS: {
    retryable: false,
    message: (d: { readonly server: string; readonly policy: string }) =>
      `${d.server} may evict keys (maxmemory-policy ${d.policy}), and with \`deletes.policy: delete\` their rows are deleted`,
    hint: 'CONFIG SET maxmemory-policy noeviction, or keep the rows with `deletes.policy: ignore`.',
  },
} as const satisfies Record<string, ErrorEntry>;
