import type { LocalErrors } from './local-error.ts';

/** Chinese texts of what can go wrong with command lines, pipeline files, SQL and the HTTP API. */
export const zhUsageErrors: LocalErrors = {
  API_ANSWER: [
    '<url> 返回 <status>，不像是 millrace 的回答',
    '请确认 `--api-url` 指向 millrace 而不是代理页面，并比较两端的版本。',
  ],
  API_BAD_JSON: [
    '请求体不是该路径所需的内容：<reason>',
    '请发送一个 JSON 对象，字段见 /api/openapi.json；没有做任何改动。',
  ],
  API_BODY_SLOW: ['请求体在 <seconds> 秒内没有传完', '请在更好的连接上重新发送；没有做任何改动。'],
  API_BODY_TOO_LARGE: ['请求体超过 <limit> 字节', '管道文件最大 1 MiB，其他请求体最大 64 KiB；没有做任何改动。'],
  API_FILE_WRONG: [
    '<pipeline> 的文件有 <errors> 个错误，第一个：<first>',
    '请修复 `diagnostics` 列出的内容后重新发送；先前的管道继续运行。',
  ],
  API_FOREIGN_HOST: [
    '请求中的主机名 <host> 不是本服务器监听的地址',
    '请使用服务器启动时打印的地址，或给它一个令牌：之后任何主机名都可以。',
  ],
  API_FOREIGN_ORIGIN: ['请求来自 <origin> 的页面', '其他站点的页面不能使用此 API；请从程序或服务器自己的页面使用。'],
  API_LISTEN_FAILED: ['无法监听 <listen>：<reason>', '请用 `--listen HOST:PORT` 选择空闲地址；端口 0 自动选取。'],
  API_LISTEN_OPEN: [
    '在没有令牌的情况下监听 <listen> 会让任何人进入',
    '请设置令牌（`--token-file FILE`、MILLRACE_API_TOKEN 或 `server.auth.token`），或监听 127.0.0.1。',
  ],
  API_METHOD: ['<path> 不接受 <method>，只接受 <allowed>', '请使用这些方法之一；`/api` 页面列出所有路径。'],
  API_NAME_TAKEN: [
    '已有名为 <pipeline> 的管道，来自 <file>',
    '请给每个文件各自的 `pipeline.name`：位点保存在该名字下。',
  ],
  API_NOT_FOUND: ['<path> 处没有内容', '`/api` 页面列出所有路径。'],
  API_NOT_SUPPORTED: ['这里不能 <what>', '请用 `millrace serve --dir DIR` 运行管道：在那里可以逐个启动、修改和移除。'],
  API_PIPELINE_STATE: [
    '管道 <pipeline> 处于 <state>，而此操作需要它 <wanted>',
    '请先用 `millrace pause`、`millrace resume` 或 `millrace restart` 使其进入该状态。',
  ],
  API_TAIL_OFF: [
    '本服务器不显示行的值',
    '请用 `--allow-tail`（或 `server.allow-tail: true`）启动，允许可以使用 API 的人看到经过的行。',
  ],
  API_TOKEN_MISSING: [
    '本服务器需要令牌',
    '请设置 MILLRACE_API_TOKEN 或用 `--token-file` 指定文件；通过 HTTP 时发送 `Authorization: Bearer TOKEN`。',
  ],
  API_TOKEN_WRONG: [
    '令牌不是本服务器要求的那个',
    '请与服务器启动时的令牌比较：`server.auth.token`、`--token-file` 或 MILLRACE_API_TOKEN。',
  ],
  API_UNKNOWN_PIPELINE: ['没有管道 <pipeline>{?；是不是 <suggestion>？}', '`millrace list` 列出所有管道的名字。'],
  API_UNREACHABLE: [
    '无法连接 <url> 的 millrace：<reason>',
    '请启动它（`millrace serve --dir DIR`、`millrace run FILE --listen 127.0.0.1:8765`），或用 `--api-url` 或 MILLRACE_API_URL 指定地址。',
  ],
  CLI_ARGUMENTS: ['<command>：<reason>', '在命令后加 `--help` 查看它接受什么。'],
  CLI_BINLOG_DAMAGED: [
    '<file> 在 <position> 处的事件之后无法读取',
    '该处之前的内容都已打印。请与服务器自己的文件比较（`mysqlbinlog --verify-binlog-checksum`）；若只有副本损坏，请重新复制。',
  ],
  CLI_BINLOG_TORN: [
    '<file> 在事件中间结束：从 <position> 起的 <bytes> 字节没有读取',
    '该处之前的内容都已打印。正在写该文件的服务器会补全事件；副本则需重新复制。',
  ],
  CLI_FILE_EXISTS: ['<file> 已存在，保持原样', '请用 `--to FILE` 换个名字，或用 `--force` 替换该文件。'],
  CLI_FILE_UNWRITABLE: ['无法写入 <file>：<reason>', '请检查目录存在，且当前用户可写。'],
  CLI_INPUT_UNREADABLE: [
    '无法读取 <input>：<reason>',
    '请检查路径。`binlog` 接受文件、存放 binlog 文件的目录，或写作 mysql://user:password@host:port/ 的服务器；`redis rdb` 接受保存的文件，`redis aof` 接受 AOF 日志或其目录。',
  ],
  CLI_OPTION_VALUE: ['<option>：<reason>', '在命令后加 `--help` 查看该选项接受什么。'],
  CLI_UNKNOWN_CODE: [
    '没有错误码 <code>{?；相近的有 <suggestions>}',
    'docs/errors.md 列出所有错误码；不带参数的 `millrace explain` 打印它们的名字。',
  ],
  CLI_UNKNOWN_COMMAND: ['没有命令 <command>{?；是不是 <suggestion>？}', '`millrace --help` 列出所有命令。'],
  CLI_UNKNOWN_OPTION: ['<command> 没有选项 <option>{?；是不是 <suggestion>？}', '在命令后加 `--help` 查看它的选项。'],
  CLI_UNKNOWN_CONTEXT: [
    '没有上下文 <context>（已有：<known>）{?；是不是 <suggestion>？}',
    '用 `millrace context add NAME URL` 添加，或用 `millrace context use NAME` 或 MILLRACE_CONTEXT 选择另一个。',
  ],
  CLI_UNKNOWN_TEMPLATE: [
    '没有模板 <template>（已有：<known>）{?；是不是 <suggestion>？}',
    '不带名字的 `millrace init` 列出各模板及其用途。',
  ],
  CONFIG_ALIAS: ['<alias> 是 <tool> 对 <keys> 的叫法', '该值会被采用。改用本工具的键名即可消除此警告。'],
  CONFIG_ALIAS_VALUE: [
    '<alias>（<tool>）无法采用：<reason>',
    '请改写为 millrace 自己的键；docs/config.md 列出它与其他工具名称的对照。',
  ],
  CONFIG_DUPLICATE_KEY: [
    '<key> 设置了两次；第一次在第 <firstLine> 行',
    '请删除其中一个。`a.b: x` 与 `a: {b: x}` 是同一个键。',
  ],
  CONFIG_EMPTY: ['<file> 是空的', '管道文件至少要有 `source:` 和 `sink:` 两节；docs/config.md 有完整示例。'],
  CONFIG_INTERPOLATION: [
    '无法读取 <text>：<reason>',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    '请写作 `${NAME}`、`${NAME:-default}`、`${NAME:?message}` 或 `${file:/path}`；普通的 `${` 写作 `$${`。',
  ],
  CONFIG_LITERAL_SECRET: [
    '<key> 直接写在文件里',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    '请取自环境变量（如 `${APP_PASSWORD}`）或只有当前用户可读的文件（如 `${file:/run/secrets/password}`）。',
  ],
  CONFIG_MISSING_KEY: ['<section> 需要 <key>', '请加上该键；docs/config.md 说明其含义以及哪些键有默认值。'],
  CONFIG_NOT_SUPPORTED_YET: [
    'millrace <version> 不支持 <key>',
    '请删除该节。列的去除、重命名、遮蔽和哈希由 `source` 下的 `columns.*` 完成，表的重命名由 `route` 完成。',
  ],
  CONFIG_NO_COUNTERPART: [
    '<tool> 的 <what> 在这里没有对应物：<instead>',
    'docs/guides 列出 Flink CDC、Debezium、Maxwell 和 Canal 中哪些可以转换，其余由什么代替。',
  ],
  CONFIG_NO_EFFECT: ['<key> 不起作用：<reason>', '该键可以保留。删除它即可消除此警告。'],
  CONFIG_OVERRIDE: [
    '无法应用 --set <text>：<reason>',
    '请写作 `--set source.hostname=db2`；列表项用从 0 开始的编号：`--set sink.0.path=out.ndjson`、`--set pipelines.0.source.tables=shop.orders`。',
  ],
  CONFIG_SEVERAL_DOCUMENTS: [
    '文件含有 <count> 个 YAML 文档，而管道文件只含一个',
    '请把每个管道放进各自的文件，并全部列出：`millrace run a.yaml b.yaml`。',
  ],
  CONFIG_SYNTAX: [
    '不是有效的 YAML：<reason>',
    '请用空格缩进，冒号后加空格，以 `% @ & * ! | > { [` 之一开头的值加引号。',
  ],
  CONFIG_TABLE_PATTERN: [
    '无法读取名称模式 <pattern>：<reason>',
    '请写作 `database.table`，每部分都是匹配整个名称的正则，`\\.` 表示“任意字符”：`shop.\\.*`、`app_[0-9]+.orders_\\d+`。',
  ],
  CONFIG_TEMPLATE: [
    '无法使用 <text>：<reason>',
    '请改正原因中指出的内容。名称和键中的变量写作 `%{table}`，字符 `%{` 本身写作 `%%{`；针对单个表的条目写作 `database.table=…`，其中的表必须被捕获，列必须是该表有的列。各设置接受的写法见 docs/config.md。',
  ],
  CONFIG_TEST: [
    '测试 <test> 无法运行：<reason>',
    '测试中的表写作 `database.table`，行的列必须是表中有的列；docs/config.md 有示例。',
  ],
  CONFIG_TOO_LARGE: [
    '<file> 有 <bytes> 字节；管道文件最大 <limit>',
    '请确认路径是管道文件而不是数据；真正很大的文件请拆成几个管道。',
  ],
  CONFIG_UNKNOWN_CONNECTION: [
    '没有连接 <name>（已有：<known>）{?；是不是 <suggestion>？}',
    '请在 `connections:` 下加上它，或在该节中写 `type` 和设置，而不用 `use`。',
  ],
  CONFIG_UNKNOWN_CONNECTOR: [
    '没有类型为 <type> 的 <role>（已有：<known>）{?；是不是 <suggestion>？}',
    '请把 `type` 设为已有的连接器之一；本版本没有其他的。',
  ],
  CONFIG_UNKNOWN_KEY: [
    '<section> 没有键 <key>{?；它属于 <belongsUnder>}{?；是不是 <suggestion>？}',
    'docs/config.md 列出每个连接器的每个键。',
  ],
  CONFIG_UNREADABLE: [
    '无法读取 <file>：<reason>',
    '请检查路径，以及当前用户能否读取该文件。整个目录由 `millrace serve --dir` 运行。',
  ],
  CONFIG_VARIABLE_MISSING: [
    '环境变量 <name> <reason>',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    '请设置该变量、用 `--env` 指定设置它的文件，或给出默认值：`${NAME:-default}`。',
  ],
  CONFIG_WRONG_SHAPE: ['<where>：应为 <expected>，却是 <found>', '请与 docs/config.md 的示例比较缩进。'],
  CONFIG_WRONG_VALUE: ['<key>：<reason>', 'docs/config.md 列出该键接受的值及其单位。'],
  CONFIRMATION_NEEDED: ['没有得到确认：<what>', '请在询问时输入名字，无人可问时加 `--yes`。没有做任何改动。'],
  CONVERT_INPUT: [
    '无法转换 <file>：<reason>',
    '请指定另一工具读取的文件：JSON 或 properties 形式的连接器、config.properties、instance.properties，或管道 YAML。',
  ],
  OFFSETS_UNSUPPORTED: [
    '无法向本管道的数据源询问位置',
    '可以设置单台 MySQL 或 MariaDB 服务器的位点；其他数据源请修改文件并清空下游。',
  ],
  SIGNAL_REFUSED: [
    '偏移量 <offset> 处的信号无法执行：<reason>',
    '请按 Debezium 的写法重新发送：键是管道的名字，值是 {"type": "execute-snapshot", "data": {"data-collections": ["db.table"], "type": "incremental"}}。管道不受影响，继续运行。',
  ],
  SNAPSHOT_UNSUPPORTED: [
    '<pipeline> 的数据源没有可以重新读取的表',
    '快照只能取自 MySQL 和 MariaDB 服务器。对该数据源请在文件中改用别的起点，并给管道换一个名字。',
  ],
  SERVER_START_FAILED: [
    '临时服务器 <server> 没有启动：<reason>',
    '请看服务器自己给出的原因；若缓存副本损坏，请删除 ~/.cache/millrace/servers 下的副本。',
  ],
  SERVER_UNAVAILABLE: [
    '无法获得临时服务器 <server>：<reason>',
    '请在配置了 apt 的 Debian 上运行，或用 MILLRACE_TEST_MYSQL_97、MILLRACE_TEST_MARIADB_118 和 MILLRACE_TEST_MARIADB_1011 指定自己的服务器。',
  ],
  SERVE_CHILD_ENDED: [
    '管道 <pipeline> 的进程已结束：<reason>',
    '它会自动重新启动；`millrace logs` 显示它最后说了什么。',
  ],
  SERVE_CHILD_SILENT: [
    '管道 <pipeline> 的进程已有 <seconds> 秒没有应答',
    '它可能正在启动，或过于繁忙；`millrace restart` 会替换该进程，不会丢失任何内容。',
  ],
  SERVE_NOTHING: [
    '<where> 中没有可运行的管道',
    '请按上面各行修复已有的文件、把以 .yaml 或 .yml 结尾的文件放到那里、列出文件，或在运行后通过 API 添加管道（`--allow-empty`）。',
  ],
  SERVE_STATE_UNREADABLE: [
    '无法使用 <file> 中的状态：<reason>',
    '该文件记录哪些管道被暂停或停止。请修复它，或删除它以运行全部管道。',
  ],
  DLQ_NO_SINK: [
    '<file> 没有名为 <sink> 的下游',
    '死信由另一个名字的下游写出。请在重放时让下游用回旧名字，或丢弃该死信。',
  ],
  DLQ_NO_SOURCE: [
    '<file> 中，该死信来源所在的位置没有可重放的源',
    '文件中的源在此之后被改动。请在重放时把 Kafka 源放回原来的位置，或丢弃该死信。',
  ],
  DLQ_NOTHING_CHOSEN: [
    '<command> 需要 id、--code 或 --all',
    '`millrace dlq list FILE` 列出错误码，`millrace dlq show FILE` 列出 id。',
  ],
  DLQ_NOT_KEPT: [
    '<file> 的管道不保存死信',
    '请在其 `pipeline` 部分设置 `errors.tolerance: all` 和 `errors.deadletterqueue.path`。',
  ],
  DLQ_UNKNOWN_ID: ['<path> 中没有死信 <id>', '`millrace dlq show FILE` 列出 id。已重放或已丢弃的死信不再出现。'],
  DLQ_UNREADABLE: [
    '无法读取 <path> 的第 <line> 行：<reason>',
    '请查看该行。若由其他程序写入，请将其删除；文件的其余内容不受影响。',
  ],
  DLQ_WHICH_PIPELINE: ['<file> 有多个管道保存死信：<pipelines>', '请用 `--pipeline NAME` 指定其中一个。'],
  SQL_AMBIGUOUS_NAME: ['<name> 可能是 <candidates>', '请在列名前写出表或别名：`o.id`。'],
  SQL_BAD_LITERAL: ['这不是 <what>；应为 <expected>', '请按提示写字面量；超出 DECIMAL(38) 的数可写成字符串再转换。'],
  SQL_CAST_FAILED: [
    '<from> 的值无法转换为 <to>',
    '请用 TRY_CAST（对这样的值给出 NULL），或在源头修复该值。位点停在该行之前。',
  ],
  SQL_DIVISION_BY_ZERO: ['<operation> 的除数为零', '请保护除数：`a / NULLIF(b, 0)` 给出 NULL。位点停在该行之前。'],
  SQL_FUNCTION_FAILED: ['<name> 失败：<reason>', '请用 CASE 或过滤条件保护参数。位点停在该行之前。'],
  SQL_LOOKUP_FAILED: [
    '向 <table> 查询行 <tries> 次，都没有得到回答',
    "请查看原因：服务器不可用，或慢于时限。位点停在该行之前，millrace 会自行重试。'lookup.max-retries' 规定先查询几次，'lookup.cache' = 'PARTIAL' 可减少查询。",
  ],
  FILE_UNREADABLE: ['无法读取 <path>：<reason>', "请检查 'path'：它相对于工作目录，并且当前用户必须有权读取。"],
  FILE_LINE_UNREADABLE: [
    '<path> 的第 <line> 行无法读取：<reason>',
    "请修复该行，或用 'json.ignore-parse-errors' = 'true' 或 'csv.ignore-parse-errors' = 'true' 跳过这类行：日志会写明跳过了多少行。",
  ],
  SQL_FEEDS_ITSELF: [
    '写入 <table> 的查询也读取它（<store>），每个结果都会成为下一个输入',
    "请写入另一张表，或只读取一次：用 'connector' = 'jdbc' 声明来源，或 SET 'execution.runtime-mode' = 'batch'。",
  ],
  SQL_INVALID: ['<reason>', '请在所示位置修改语句。'],
  SQL_KEY_MISMATCH: [
    '<table> 的主键是（<key>），而 <found>：查询的两行可能落在表的同一行上',
    '请把主键声明在区分查询各行的列上，或让查询给出这些列；`EXPLAIN INSERT INTO ...` 会显示它们。',
  ],
  SQL_KEY_MISSING: [
    '查询会修改先前给出的行，而 <table> 没有可用来找到这些行的主键',
    '请在区分查询各行的列上声明 PRIMARY KEY (列) NOT ENFORCED：GROUP BY 的列，或来源的主键。',
  ],
  STATE_IN_USE: [
    '另一个进程正在使用 <folder> 中的状态',
    "请停止该作业的另一次运行。两个不同的作业需要两个名称：SET 'pipeline.name' = '...'。",
  ],
  STATE_UNREADABLE: [
    '<folder> 中的状态无法使用：<reason>',
    '确认磁盘正常后删除该文件夹：作业会从其来源重新计算结果，并使各目标表与之一致。',
  ],
  STATE_NOT_FOUND: [
    '<folder> 中没有 <what>',
    '`millrace state list` 显示保存的内容。--dir 或 MILLRACE_STATE 指定保存作业的文件夹；默认是作业运行处的 .millrace/state。',
  ],
  STATE_NOT_DESCRIBED: [
    '<folder> 中的状态没有说明各行的列和类型：它由较早的 millrace 写入',
    '请用当前的 millrace 启动该作业：下一个检查点会写明这些内容，之后即可导出。',
  ],
  STATE_TARGET_HOLDS_OTHER: [
    '<target> 中是该作业另一个查询的结果，无法从中取出',
    '请为修改后的查询指定另一个主题或文件。如果允许把完整结果写在已有内容之后，请丢弃该作业的状态：`millrace state drop JOB`，作业会重新开始。',
  ],
  STATE_LOG_LOST: [
    '作业无法从检查点继续（<input>）：<reason>；将重新计算其结果',
    '无需处理。请让日志保留得比作业可能停顿的时间更久（binlog_expire_logs_seconds），以免再次发生。',
  ],
  SQL_NULL_REFUSED: [
    '<table> 的一行在 <column> 中为 NULL，而该列是 NOT NULL',
    '请用 WHERE 去掉这样的行，给该列加上 COALESCE，或声明时不写 NOT NULL。位点停在该行之前。',
  ],
  SQL_NOT_SUPPORTED: [
    '不支持 <what>：<reason>',
    'docs/sql/differences.md 列出 Flink 接受而 millrace 不接受的写法，以及替代写法。',
  ],
  SQL_SYNTAX: [
    '应为 <expected>，却是 <found>',
    '请看所示位置。与 Flink SQL 保留字同名的名称要加反引号：`value`、`one`、`year`。',
  ],
  SQL_TYPE_MISMATCH: [
    '<what> 接受 <expected>，而这里是 <found>',
    '请用 CAST(value AS TYPE) 转换，或用 TRY_CAST，它在值不合适时给出 NULL。',
  ],
  SQL_UNKNOWN_NAME: [
    '没有 <what> <name>{?；是不是 <suggestion>？}',
    '列名和表名区分大小写；docs/sql/functions.md 列出函数，docs/sql/statements.md 列出连接器及其选项。',
  ],
  TRANSFORM_COLUMN_ABSENT: [
    '日志中没有 <table> 的过滤条件所需的列',
    '请在服务器上设置 binlog_row_image=FULL（SET PERSIST binlog_row_image=FULL）。',
  ],
  TRANSFORM_DEFINITIONS_DIFFER: [
    '匹配 <table> 的各个转换给出的列不同',
    '请让同一张表的所有转换给出相同顺序、相同类型的列；某个转换没有值的列可用常量代替。',
  ],
  TRANSFORM_DOES_NOT_FIT: [
    '转换不适用于 <table>：<reason>',
    '请把投影或过滤条件改成该表现有的列，再次运行管道：位点停在变更之前。',
  ],
  TRANSFORM_KEY_NULL: [
    '<table> 的一行在主键列 <column> 中为 NULL',
    '请用过滤条件排除这样的行，或用 COALESCE 包住主键列。',
  ],
  TRANSFORM_KEY_UNKNOWN: ['primary-keys 指定了 <column>，而 <table> 的投影没有该列', '请按投影中的名字书写列。'],
  WAIT_TIMED_OUT: [
    '<pipeline> 在 <seconds> 秒内没有 <condition>；最后一次查看：<now>',
    '请看 `millrace describe`，或用 `--timeout` 等待更久。',
  ],
};
