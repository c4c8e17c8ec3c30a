import type { LocalErrors } from './local-error.ts';

/** Chinese texts of what can go wrong with targets, topics, pipelines and comparisons. */
export const zhTargetErrors: LocalErrors = {
  FILE_SHORTER_THAN_RECORDED: [
    '<path> 有 <length> 字节，但记录中已写入 <recorded> 字节',
    '有其他程序截断或替换了该文件。请恢复文件，或把它和它的 `.position` 文件一起移走，从头开始。',
  ],
  FORMAT_FIELD_UNKNOWN: [
    '消息中有字段 <field>，而声明的表 <table> 没有对应的列',
    '请在声明中加上该列，或用 `value.unknown-fields: ignore` 忽略这类字段。',
  ],
  FORMAT_KEY_MISSING: [
    '键列 <column> 不在表 <table> 的字段中',
    '请把 `primary-key` 设为每条消息都有的字段，或把 `key.fields` 设为消息键中的字段。',
  ],
  FORMAT_MESSAGE_UNREADABLE: [
    '消息不是数据源设定的格式：<reason>',
    '请把 `value.format` 设为主题实际的格式。单条坏消息可用 `errors.tolerance: all` 送入死信，或到日志指出的位置查看。',
  ],
  FORMAT_SCHEMA_UNUSABLE: [
    '消息指定的模式 <id> 无法使用：<reason>',
    '请检查 `schema.registry.url` 是否为写入方所用的 schema registry，并在其上执行 GET /schemas/ids/ID。模式已丢失的消息可用 `errors.tolerance: all` 送入死信。',
  ],
  FORMAT_TABLE_UNKNOWN: ['消息属于未声明的表 <table>', '请声明该表、少读一些主题，或不写声明，让消息自己描述表。'],
  FORMAT_VALUE_UNREADABLE: [
    '表 <table> 的列 <column> 的值按该格式的写法无法存为 <type>',
    '请按值的实际类型声明该列，或设置写入方所用的处理模式（小数、时间、二进制）。没有任何值被舍入或截断。',
  ],
  KAFKA_AUTHENTICATION_FAILED: [
    '<server> 拒绝以 <mechanism> 登录：<reason>',
    '请对照监听器检查 `properties.security.protocol`、`properties.sasl.mechanism` 和 `properties.sasl.jaas.config`。',
  ],
  KAFKA_CORRUPT_RECORDS: [
    '<topic> 分区 <partition> 偏移 <offset> 处的记录已损坏：<reason>',
    '请检查 broker 的磁盘。中间环节也可能改动了字节：请与 kafka-dump-log.sh 比较。',
  ],
  KAFKA_DELIVERY_TIMEOUT: [
    '<topic> 的分区 <partition> 已有 <waitedMs> 毫秒没有接受记录：<reason>',
    '管道会自动重试。请用 kafka-topics.sh --describe 查看是否有离线分区或同步副本不足。',
  ],
  KAFKA_SIGNAL_PARTITIONS: [
    '信号主题 <topic> 有 <partitions> 个分区，其中的信号没有先后顺序',
    '请为信号建一个只有一个分区的主题，并写入 `signal.kafka.topic`。在此期间管道照常运行，只是不接收信号。',
  ],
  KAFKA_NOT_AUTHORIZED: [
    'Kafka 不允许该用户对 <resource> 执行 <action>',
    '请用 kafka-acls.sh --add 申请权限：主题上的 Write、Describe、Create，位点主题上还要 Read，事务 id 上的 Write 和 Describe；读取时需要主题上的 Read、Describe 和消费组上的 Read。',
  ],
  KAFKA_NOT_REPLAYABLE: [
    '无法通过重放得知 <topic> 的内容：<reason>',
    '请用 `--table` 排除该表，或者比较这样的管道：其主题有键，且每一行的变更都在同一分区。',
  ],
  KAFKA_PARTITION_REFUSED: [
    '<topic> 的分区 <partition> 拒绝记录：<reason>',
    '请查原因中的 Kafka 错误。位点没有移动，再次运行会重复同一次写入。',
  ],
  KAFKA_OUTBOX_ROW: [
    '发件箱表 <table> 的一行不能成为事件：<reason>',
    '位点停在它之前。发件箱的行只应插入和删除：请修正写入它的程序；设置 `outbox.table.op.invalid.behavior: warn` 时跳过更新。',
  ],
  KAFKA_POSITIONS_UNREADABLE: [
    '<topic> 偏移 <offset> 处的记录不是位点：<reason>',
    '该主题只能由 millrace 写入。请用 `sink.position-topic` 指定另一个；管道会从配置的起点开始。',
  ],
  KAFKA_RECORD_TOO_LARGE: [
    '<bytes> 字节的记录对 <topic> 的分区 <partition> 太大，上限为 <limit>',
    '请调大主题的 `max.message.bytes` 和这里的 `properties.max.request.size`，或用 `columns.exclude` 排除大列。',
  ],
  KAFKA_REQUEST_FAILED: [
    '<server> 无法回答 <request>：<reason>',
    '管道会自动重试。若反复出现，请查看该 broker 的日志。',
  ],
  KAFKA_REQUEST_REFUSED: [
    '<server> 拒绝了 <request>：<reason>',
    '请查原因中的 Kafka 错误，以及 `properties.` 下的设置。',
  ],
  KAFKA_REGISTRY_UNREACHABLE: [
    '<servers> 上没有 schema registry 应答：<reason>',
    '请检查 `schema.registry.url` 以及 registry 是否在运行。管道会自动重试。',
  ],
  KAFKA_REGISTRY_REFUSED: [
    'schema registry 拒绝了 <subject>，状态 <status>：<reason>',
    '状态 401 或 403：请检查 `schema.registry.basic.auth.user.info` 或 `schema.registry.bearer.auth.token`。其他状态请看原因。',
  ],
  KAFKA_SCHEMA_INCOMPATIBLE: [
    'schema registry 中 <subject> 的模式与新模式不兼容：<reason>',
    '请让新列可为空或带默认值；若所有读取方都能接受，也可用 PUT /config/SUBJECT {"compatibility": "NONE"} 让该 subject 自由变化。',
  ],
  KAFKA_SCHEMA_MISSING: [
    'schema registry 的 <subject> 中没有这个模式',
    '请用自己的工具注册，或设置 `auto.register.schemas: true` 让它自动注册。',
  ],
  FORMAT_NO_AVRO_VALUE: [
    '表 <table> 的列 <column> 没有 Avro 能写的值：<reason>',
    '若服务器没有记录该值，请设置 binlog_row_image = FULL。若时间或图形在 Java 中没有对应值，请让该列可为空，或改用 `debezium-json`。',
  ],
  KAFKA_TOPIC_MISSING: [
    '没有主题 <topic>',
    '请用 kafka-topics.sh --create 创建，或设置 `topic.creation.enable: true`。',
  ],
  KAFKA_TOPIC_REFUSED: [
    'Kafka 没有创建主题 <topic>：<reason>',
    '请对照集群检查 `topic.creation.default.partitions`、`topic.creation.default.replication.factor` 和主题设置。',
  ],
  KAFKA_TRANSACTION_BROKEN: [
    '<transactionalId> 的事务无法 <action>：<reason>',
    '其内容都不会可见，管道会自动重新写入。',
  ],
  KAFKA_TRANSACTION_TIMED_OUT: [
    'Kafka 结束了 <transactionalId> 的事务：已打开 <openMs> 毫秒，上限为 <timeoutMs>',
    '请把 `properties.transaction.timeout.ms` 以及 broker 的 `transaction.max.timeout.ms` 调到大于最大的 MySQL 事务所需的时间。',
  ],
  KAFKA_UNREACHABLE: [
    '<servers> 没有 Kafka broker 应答：<reason>',
    '请检查 `properties.bootstrap.servers`、broker 是否在运行，以及它们公布的地址能否从这里访问。',
  ],
  KAFKA_UNSUPPORTED_BROKER: [
    '<server> 不认识 <request> 的版本 <version>',
    '需要 Kafka 2.8 或更新版本；`properties.group.protocol: consumer` 需要 Kafka 4.0，更旧的版本请用 `classic`。',
  ],
  MYSQL_SINK_BINLOG_FORMAT: [
    '<address> 记录的是语句（binlog_format <format>），READ COMMITTED 事务无法这样记录',
    "执行 SET PERSIST binlog_format = 'ROW'（MariaDB：SET GLOBAL，并写入配置文件）。",
  ],
  MYSQL_SINK_KEY: [
    '<table> 的行以 <source> 标识，而目标端的主键是 <target>',
    '请让目标表使用源端的主键：ALTER TABLE … DROP PRIMARY KEY, ADD PRIMARY KEY (…)。主键不同会使行重复或合并。',
  ],
  MYSQL_SINK_READ_ONLY: [
    '<address> 不接受写入：<variable> 已开启',
    '请把 hostname 指向主库。若确实要写入副本，需执行 SET GLOBAL super_read_only = 0, read_only = 0。',
  ],
  MYSQL_SINK_TABLE_EXISTS: [
    '无法重命名 <table>：目标端已有表 <target>',
    '请查看挡路的表里有什么，在目标端重命名或删除它，然后再次运行管道。',
  ],
  PIPELINE_ABORTED: [
    '管道 <pipeline> 在最后的写入结束之前被中止',
    '没有丢失任何内容：再次运行会从下游所在位置继续。只发一次信号会先等最后的写入结束。',
  ],
  PIPELINE_QUESTION_FAILED: ['管道无法回答：<reason>', '请连同 `millrace logs` 的内容一起反馈。'],
  PIPELINE_RETRIES_EXHAUSTED: [
    '管道 <pipeline> 在 <forMs> 毫秒内尝试 <attempts> 次没有进展，已放弃',
    '请修复这里指出的原因并再次运行管道：它会从下游所在位置继续。`retry.attempts` 和 `retry.window` 决定尝试多久。',
  ],
  PIPELINE_SCHEMA_CHANGE_REFUSED: [
    '<table> 的定义发生变化，而本管道设定为在此停下',
    '请手工把下游改到新定义，设置 `schema.change.behavior: evolve`，再次运行管道。',
  ],
  PIPELINE_SINKS_DIVERGED: [
    '管道 <pipeline> 的各下游持有 <lane> 的位点，没有共同的起点：<sinks>',
    '某个下游跟随了另一段服务器历史。请让它单独成为一个管道，或清空它从头开始。',
  ],
  PIPELINE_LANES_TAKEN: [
    '管道 <pipeline> 的另一个进程已接管 <lanes>',
    '没有任何内容被写入两次：下游拒绝了本进程。它会继续读取消费组分给它的分区。若反复出现，说明其中一个进程没有设置 `properties.group.protocol`，或属于另一个消费组。',
  ],
  KAFKA_GROUP_MEMBER_GONE: [
    '本进程已不再是消费组 <group> 的成员：<reason>',
    '它会自动重新加入；尚未写入的内容由现在拥有这些分区的进程读取。若反复出现，可能是一次写入超过了 `properties.max.poll.interval.ms`，进程停顿超过了消费组的会话超时，或另一个进程使用了相同的 `properties.group.instance.id`。',
  ],
  KAFKA_GROUP_NOT_SHARED: [
    '无法在消费组 <group> 中分担分区：<reason>',
    '请去掉 `properties.group.protocol`，由一个进程读取全部分区；或只写入 MySQL，并使用 `schema.change.behavior: evolve` 或 `exception`，且源中没有自己的处理步骤。',
  ],
  KAFKA_GROUP_OFFSET_MISSING: [
    '消费组 <group> 在 <topic> 的分区 <partition> 上没有偏移',
    '请把 `properties.auto.offset.reset` 设为 earliest 或 latest，或把 `scan.startup.mode` 设为应开始读取的位置。',
  ],
  KAFKA_MESSAGE_UNREADABLE: [
    '<topic> 分区 <partition> 偏移 <offset> 处的消息无法接受：<reason>',
    '位点停在它之前。请按主题的实际内容设置 `value.format`、处理模式或 `schema`；设置 `errors.tolerance: all` 时，此类消息进入死信，其余继续。',
  ],
  KAFKA_OFFSET_GONE: [
    '<topic> 的分区 <partition> 不再有偏移 <offset>：现有 <earliest> 到 <latest>',
    '其间的记录因保留期被删除，或主题被重建。请把 `retention.ms` 调到可承受的最长停顿，并在弄清缺少什么之后给管道设置新位点。',
  ],
  PROCESS_COLUMNS: [
    '<module> 声明的列与 <table> 不符：<reason>',
    '请声明表中没有的列，类型同 SQL；只能略去（`null`）主键以外的列。',
  ],
  PROCESS_FAILED: [
    '<module> 的 <step> 在 <place> 处 <table> 的一行上失败：<reason>',
    '请修正模块并再次运行管道：它从该行继续。`errors.tolerance: all` 会把这样的行放入死信。',
  ],
  PROCESS_MODULE_UNUSABLE: [
    '<module> 无法使用：<reason>',
    '请从 ES 模块以 default 导出 defineProcess({...}) 的结果；TypeScript 只能使用可擦除的语法。',
  ],
  PROCESS_ROW_WRONG: [
    '<module> 产生了 <table> 的一行，其 <column> <reason>',
    '返回的行必须恰好包含表的列和 `columns` 声明的列，且类型与声明一致。',
  ],
  PROCESS_TIMEOUT: [
    '<module> 的 <step> 在 <place> 处 <table> 的一行上用时超过 <timeoutMs> 毫秒',
    'millrace 会自动重试。若持续出现，请看该步骤在等待什么，或设置更长的 `timeout`。',
  ],
  PROJECTION_COLUMN_CLASH: [
    '投影使 <table> 有两个名为 <column> 的列',
    '请在 `rename` 中换一个名字，或去掉已有该名字的列。',
  ],
  PROJECTION_KEY_LOST: [
    '对 <column> 执行 <action> 会使 <table> 失去主键',
    '请保持主键列不变，或对其做哈希：相同的键仍然相同。',
  ],
  READER_TABLE_GONE: ['<system> 不再有表 <table>', '它在读取过程中被删除了。请重新开始：届时只看现有内容。'],
  ROUTE_DEFINITIONS_DIFFER: [
    '<table> 与 <other> 合并到 <target>，但列不同',
    '请让同一路由合并的所有表拥有相同顺序的相同列，或各自使用不同目标；然后重新做快照。',
  ],
  ROUTE_TRUNCATE_MERGED: [
    '<table> 被 TRUNCATE，而它在 <target> 中的行无法与其他表的行区分',
    '请手工从目标删除该表的行，然后重新做合并表的快照。',
  ],
  SINK_DISK_FULL: ['<sink> 所在磁盘没有空间', '请腾出空间。管道会等待并自动继续。'],
  SINK_FENCED: [
    '另一个进程已在 <sink> 中接管管道 <pipeline> 的 <lane>',
    '同一管道运行了两个进程。请停掉一个，或给其中一个不同的 `pipeline.name`。',
  ],
  SINK_PART_REFUSED: [
    '事务 <transaction> 太大，无法一次写入，而 <sink> 拒绝了其第 <part> 部分中的一行：<reason>',
    '分段写入的事务不能略去某一行：下游放弃了已有部分，先前的部分也不在内存中了。请修复该行或目标表、排除该表，或把 `scan.transaction.max.size` 调到大于该事务的大小，这样整个事务一次写入，被拒绝的行可进入死信。',
  ],
  SINK_PIPE_CLOSED: ['读取 <sink> 的一方已关闭它', '如果读取者已经够了（如 `| head`），无需修复。否则请查它为何结束。'],
  SINK_ROW_REFUSED: [
    '<sink> 拒绝了 <table> 的一行：<reason>',
    '请比较两端的表。`errors.tolerance: all` 会把这样的行放入死信并继续。',
  ],
  SINK_SCHEMA_REFUSED: [
    '<sink> 无法跟随 <table> 的定义变化：<reason>',
    '请移除挡路的东西（他人创建的视图或触发器、缺少的权限）并再次运行管道。`schema.change.behavior: try_evolve` 会保持表不变并继续。',
  ],
  REDIS_AOF_CUT: [
    '<file> 在字节 <offset> 处结束，停在一条命令或一个 MULTI 之中，而后面还有别的文件',
    '请重新复制整个目录：只有 AOF 的最后一个文件可以被截断。',
  ],
  REDIS_AOF_MANIFEST_INVALID: [
    '清单的第 <line> 行没有指出日志的文件：<reason>',
    '请重新复制 `appenddirname` 所指的整个目录，包括其 .manifest 文件。',
  ],
  REDIS_AOF_NOT_FOUND: [
    '<path> 中有 <manifests> 个以 .manifest 结尾的文件；应有一个说明日志由哪些文件组成',
    '请给出 `appenddirname` 所指的目录、一个清单，或 Redis 7.0 之前服务器的那一个文件。',
  ],
  REDIS_COMMANDS_DAMAGED: [
    '从字节 <offset> 开始的内容不是命令：<reason>',
    '请重新复制该文件；`redis-check-aof FILE` 应给出相同结论。该字节之前的命令是完整的。',
  ],
  FLINK_REFUSED: [
    'Flink（<address>）返回 HTTP <status>：<reason>',
    '请检查作业 ID，以及地址是 SQL Gateway（`--gateway`）还是 JobManager（`--rest`），Flink 须为 1.18 或更新。',
  ],
  FLINK_STATEMENT_FAILED: [
    'Flink 无法运行 <statement>：<reason>',
    '找不到的连接器或格式须放在 Gateway 和集群的 lib 目录中。`millrace sql submit --dry-run` 会打印将要发送的内容。',
  ],
  FLINK_UNREACHABLE: [
    'Flink 在 <address> 没有应答：<reason>',
    '请检查 `--gateway`（SQL Gateway，默认端口 8083）和 `--rest`（JobManager，端口 8081），并确认两者都在运行。',
  ],
  REDIS_RDB_CUT: ['RDB 文件在字节 <offset> 处结束，没有结束标记', '请在服务器写完后重新复制。'],
  REDIS_RDB_DAMAGED: [
    'RDB 文件从字节 <offset> 开始的内容已损坏：<reason>',
    '请重新复制该文件，或在服务器上重新保存；`redis-check-rdb FILE` 应给出相同结论。',
  ],
  REDIS_RDB_NOT_A_FILE: [
    '前 <bytes> 个字节不是 RDB 文件的开头',
    '请给出 SAVE 或 BGSAVE 写出的文件；它以 REDIS 或 VALKEY 加版本号开头。',
  ],
  REDIS_RDB_UNKNOWN_TYPE: [
    '字节 <offset> 处的类型 <code> 在该格式的版本 <version> 中不存在；其键为 <key>',
    '这种键无法安全跳过。请升级 millrace，或删除该键后重新保存。',
  ],
  REDIS_RDB_UNKNOWN_VERSION: [
    '该文件是 <dialect> RDB 的版本 <version>；已知最新版本是 <newest>',
    '请升级 millrace，或用较旧版本的服务器保存。',
  ],
  SINK_WRITE_FAILED: ['无法写入 <sink>：<reason>', '请检查文件及其目录存在，且当前用户可写。'],
  SQLITE_BUSY: ['另一个程序持有 <path> 的写锁', '管道会自动重试。请查找在该文件上有长写事务的程序。'],
  SQLITE_CANNOT_OPEN: ['无法打开 <path>：<reason>', '请检查目录存在，且当前用户可写该文件和目录。'],
  SQLITE_CORRUPT: ['<path> 已损坏：<reason>', '请检查磁盘，把文件移走，再次运行管道：它会重新做快照。'],
  SQLITE_FAILED: ['SQLite 在 <path> 中无法 <action>：<reason>', '请看原因。位点没有移动，再次运行会重复同一次写入。'],
  SQLITE_NOT_A_DATABASE: ['<path> 不是 SQLite 数据库', '请给 `path` 一个新文件名，或本下游创建过的文件名。'],
  VERIFY_NOTHING: [
    '没有可比较的内容：<reason>',
    '请比较从 MySQL 到 MySQL、Kafka、Redis 或 SQLite 的管道，或用 `--from`、`--to` 和 `--table` 比较两台服务器。',
  ],
  VERIFY_REPAIR_REFUSED: ['<table> 的行无法修复：<reason>', '请让管道重新做该表的快照：它会删除多余的、补上缺少的。'],
  VERIFY_ROWS_MULTIPLY: ['管道把 <table> 的一行变成多行，无法比较', '请用 `--table` 排除该表，并用自己的查询比较。'],
  VERIFY_SINK_BEHIND: [
    '<sink> 在 <waitedMs> 毫秒内没有到达源日志的末尾',
    '请在比较时让管道运行，或用 `--wait` 给更多时间：空闲的下游每隔 `heartbeat.interval` 报告一次位置。',
  ],
  VERIFY_STATE_UNREADABLE: ['<file> 没有说明比较进行到哪里：<reason>', '请指定同一比较写出的文件，或删除它重新开始。'],
  VERIFY_TABLE_CHANGES: ['<table> 在比较时一再被语句修改', '请在两端定义都稳定时再比较。'],
  WEBHOOK_REFUSED: [
    '<receiver> 对发往该地址的请求返回 HTTP <status>',
    '请检查 `url`（不会跟随重定向）以及 `authorization` 或 URL 中的令牌。位点停在被拒绝的内容之前。',
  ],
  WEBHOOK_UNAVAILABLE: [
    '<receiver> 不接受请求：<reason>',
    '管道会从上一个位点自动重试。请检查接收方是否在运行、能否从本机访问：`curl -I URL`。',
  ],
};
