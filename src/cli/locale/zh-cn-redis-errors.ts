import type { LocalErrors } from './local-error.ts';

/** Chinese texts of what can go wrong with Redis: its connections, files and data. */
export const zhRedisErrors: LocalErrors = {
  CACHE_TABLE_REFUSED: [
    '<table> 无法缓存：<reason>',
    '请以 `database.table` 指明一张表，它须有主键，或由完整的 NOT NULL 列组成的唯一键；用 `mode` 说明管道如何处理它的键，没有管道时用 `aside`。',
  ],
  CACHE_TABLE_CHANGED: [
    '<table> 与缓存打开它时已不同：MySQL 返回 <number>',
    '某一列或整张表已被删除或改名。请再次调用 `cache.table`，并用 `millrace types` 重新生成类型。',
  ],
  CACHE_KEY_INVALID: [
    '<table> 的行键缺少 <column> 的值：<reason>',
    '请给出键的每一列，形式与行中相同：整数用 number，小数与时间用 MySQL 显示的文本，字节用 Uint8Array。',
  ],
  CACHE_WRITE_REFUSED: [
    '<table> 的一行不能先写入 Redis：<reason>',
    '请按行中的形式给出每一列：整数用数字，小数和时间用 MySQL 显示的文本，字节用 Uint8Array；并把 maxmemory-policy 设为 noeviction 或 volatile-* 之一。`write` 会立即写入 MySQL。',
  ],
  CACHE_MIRRORED: [
    '<table> 由管道镜像，因此不能从 Redis 中删除它的任何行',
    '请交给管道：它会应用该变更。要读到刚写入的内容，请把 `write` 返回的 token 作为 `atLeast` 传入。',
  ],
  CACHE_BEHIND: [
    '管道没有在 <waitedMs> 毫秒内应用对 <table> 的写入',
    '请用 `millrace status` 查看延迟；用 `timeoutMs` 等待更久，或用 `onTimeout: mysql` 让 MySQL 回答。',
  ],
  CACHE_OVERLOADED: [
    '<server> 上有 <reads> 个读取正在进行，另有 <waiting> 个在等待',
    '未命中的读取多于 MySQL 能回答的。请用 `stats()` 查看为何未命中；服务器有余力时调大 `maxReads`。',
  ],
  REDIS_FILE_UNREADABLE: [
    '无法将 <file> 读取为行：<reason>',
    '其中没有任何内容被写入。请检查 `path`。请从服务器重新完整地复制它；`redis-check-rdb` 与 `redis-check-aof` 应给出同样的结论。服务器崩溃时截断的日志可用 `aof.cut-tail: accept`；未知的版本需要更新的 millrace。',
  ],
  REDIS_AUTHENTICATION_FAILED: [
    '<server> 拒绝了 <user> 的登录：<reason>',
    '请检查 `username` 与 `password`。Redis 6 之前的服务器，以及只设置了 `requirepass` 的服务器，只有 default 用户。',
  ],
  REDIS_COMMAND_REFUSED: [
    '<server> 拒绝了 <command>：<reason>',
    '请查阅错误的第一个词。位点没有移动，再次运行管道会重复同样的工作。',
  ],
  REDIS_NOT_PERMITTED: [
    '<server> 不允许 <user> 执行 <command>',
    '请授权该命令：`ACL SETUSER name +command`，以及它涉及的键：`~pattern`。',
  ],
  REDIS_NOT_READY: [
    '<server> 目前无法提供服务：<reason>',
    'millrace 会自动重试。若持续如此，请查看服务器的 `INFO persistence` 与 `INFO replication`，集群则查看 `CLUSTER INFO`。',
  ],
  REDIS_PROTOCOL: [
    'Redis 连接的第 <offset> 字节无法理解：<reason>',
    'millrace 会自动重新连接。若反复出现，请检查 `port` 是否是 Redis 的端口、它是否要求 TLS（`ssl.mode: required`），以及中间的代理。',
  ],
  REDIS_OUT_OF_MEMORY: [
    '<server> 没有更多内存，因此不接受写入',
    'millrace 会等待并自动继续，不会跳过任何数据。请调大 `maxmemory`，或删除不需要的数据；使用 `maxmemory-policy noeviction` 时服务器不会自行删除任何键。',
  ],
  REDIS_WRONG_TYPE: [
    '<server> 在 <command> 要写入行的位置存有其他类型的数据',
    '有其他程序使用了 sink 的 `key` 分配给行的键。请删除这些键，或选用另一个 `key`，然后重新做该表的快照。',
  ],
  REDIS_LAYOUT_CHANGED: [
    '设置中 <table> 在 Redis 中的形式与已写入的不同：<reason>',
    '请改回设置，或重新开始：删除已有的行和 `millrace:*:PIPELINE` 键，并以 `scan.startup.mode: initial` 启动。没有写入任何内容。',
  ],
  REDIS_LACKS_COMMAND: [
    '<server> 不认识 <command>，而 `<setting>` 需要它',
    '字段的生存时间自 Redis 7.4 和 Valkey 9 起才有。JSON.SET 见于 Redis Stack、官方构建的 Redis 8（Debian 的软件包不含它），以及加载了该模块的服务器；`value: json` 不需要任何模块。',
  ],
  REDIS_DATA_LOST: [
    'millrace 保存在 <server> 中的数据已丢失或被替换：它被清空、淘汰、交换，或者现在应答的是另一台服务器',
    'millrace 会询问服务器现有的位点并自动从那里继续：从较早的位点，或在没有位点时做新的快照。若反复出现，请检查 `maxmemory-policy allkeys-…`，它也会淘汰位点。',
  ],
  REDIS_SOURCE_CLUSTER: [
    '<server> 是 Redis Cluster 的一个节点，它只有一部分键，对其余的键一无所知',
    '用 SCAN 读取仅适用于单机服务器。对于集群，若账号可以复制，默认的 `mode: replica` 会读取所有节点；否则请用 `path` 读取各节点保存的文件，每个节点一个管道。',
  ],
  REDIS_CLUSTER_ALONE: [
    '<server> 没有副本：它一旦失效，它的槽也随之消失，整个集群便不再接受写入',
    '添加一个副本：`redis-cli --cluster add-node NEW ANY --cluster-slave --cluster-master-id ID`。',
  ],
  REDIS_SINK_EVICTS: [
    '<server> 可能淘汰任何键（maxmemory-policy <policy>）：包括行，也包括位点',
    '执行 CONFIG SET maxmemory-policy noeviction；若被淘汰的应是带有过期时间的键，则用 volatile-lru。',
  ],
  REDIS_SINK_ALMOST_FULL: [
    '<server> 已使用 <usedBytes> 字节，`maxmemory` 允许 <maxBytes> 字节',
    '请在它拒绝写入行之前调大 maxmemory：届时管道会等待（REDIS_OUT_OF_MEMORY），不会跳过任何行。',
  ],
  REDIS_SINK_UNSAVED: [
    '<server> 没有 AOF 文件，崩溃后会回到最近的 RDB 文件，或变为空',
    '执行 CONFIG SET appendonly yes。没有它也不会丢数据，因为位点与行一起回退；但日志要从那里重读，若 MySQL 已清理日志，则要重读所有表。',
  ],
  REDIS_SOURCE_BACKLOG_SMALL: [
    '<server> 只为离开过的副本保留 <bytes> 字节的复制流；超过之后要全部重读',
    '用 CONFIG SET repl-backlog-size 设为它在允许的最长中断期间写入的量，例如 256mb。',
  ],
  REDIS_SOURCE_BUFFER_SMALL: [
    '<server> 会切断积压超过 <bytes> 字节的副本，有负载时每次完全重同步都会超过它',
    "执行 CONFIG SET client-output-buffer-limit 'replica 256mb 64mb 60'（默认值）或更大。",
  ],
  REDIS_REPLICATION_LINK: [
    '复制连接的内容无法读作复制流：<reason>',
    '请检查 `hostname` 和 `port` 指的是 Redis 或 Valkey 服务器本身，中间没有代理。',
  ],
  REDIS_KEY_UNREADABLE: [
    '键 <key> 不是其表的一行：<reason>',
    '请修正 Redis 中的键，或 `schema` 中的声明。没有对应列的字段可用 `value.unknown-fields: ignore` 略去。没有跳过任何内容：读取停在该键之前。',
  ],
  REDIS_SOURCE_EVICTS: [
    '<server> 可能淘汰键（maxmemory-policy <policy>），而 `deletes.policy: delete` 会删除它们的行',
    '请 CONFIG SET maxmemory-policy noeviction，或用 `deletes.policy: ignore` 保留这些行。',
  ],
  REDIS_SPOOL_FAILED: [
    '复制流无法保存在 <folder>：<reason>',
    '请在那里腾出空间，或用 `spool.directory` 指定另一个目录（未设时为临时目录 TMPDIR）。没有丢失任何内容：连接从目标已持有的位置重新开始。',
  ],
  REDIS_REPLICATION_CUT_OFF: [
    '<server> 连续 <times> 次在快照之后的内容被取走之前断开复制连接',
    '服务器会断开输出积压过多的副本：`CONFIG SET client-output-buffer-limit "replica 1gb 512mb 120"`。也请调大 `repl-backlog-size`，使连接得以继续而不是重新开始。服务器日志写有原因。',
  ],
  REDIS_REPLICATION_STUCK: [
    '<server> 的复制流已到偏移 <offset>，而 <forMs> 毫秒以来 <received> 之后没有收到任何内容',
    'millrace 会断开连接并请求从原位置继续。若反复出现，请查看中间的代理，以及服务器上的 `CLIENT LIST TYPE replica`。',
  ],
  REDIS_COMMANDS_UNKNOWN: [
    '字节 <offset> 处的 <command> 可能改动了任何键，而日志没有说明它做了什么',
    'Redis 5 之前的服务器记录脚本本身。请把日志载入一台服务器，再使用它保存的文件：`redis-server --appendonly yes --dir COPY`，然后 `SAVE`。',
  ],
};
