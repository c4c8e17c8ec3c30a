import type { LocalErrors } from './local-error.ts';

/** Chinese texts of what can go wrong with a server, its log, its values and connections. */
export const zhServerErrors: LocalErrors = {
  BINLOG_CHECKSUM_MISMATCH: [
    '结束于 <logPos> 的 <event> 事件校验和为 0x<computed>，而事件中记录的是 0x<stored>',
    'millrace 会重新读取该事件。若在同一位置反复出现，说明 binlog 文件已损坏：请用 `mysqlbinlog --verify-binlog-checksum` 检查，并改从其他服务器或新快照继续。',
  ],
  BINLOG_ENCRYPTED: [
    '<file> 已加密（<how>）',
    '服务器发送加密 binlog 时会先解密，请从服务器读取，或用 `mysqlbinlog --read-from-remote-server --raw` 写出明文副本。',
  ],
  BINLOG_EVENT_TOO_LARGE: [
    '<what> 声称有 <sizeBytes> 字节，上限为 <limitBytes>',
    '没有服务器会写出这么大的事件，说明字节已损坏。请用 `millrace binlog dump` 重新读取同一位置。',
  ],
  BINLOG_NOT_A_BINLOG: [
    '<file> 以 <found> 开头，而 binlog 应以 fe62696e 开头',
    '请指定 binlog 文件（binlog.000001），而不是索引、relay-log info 或压缩副本；归档文件请先解压。',
  ],
  BINLOG_OUT_OF_SEQUENCE: [
    '应到 <expected> 号数据包，却收到 <got> 号',
    '服务器与 millrace 之间丢失了数据包，millrace 会重新连接。若反复出现，请检查中间是否有改写连接的代理。',
  ],
  BINLOG_POSITION_TOO_FAR: [
    '<file> 中的位点 <position> 超过 4 GiB，无法按文件和位点开始读取',
    '请按 GTID 开始，或从下一个文件的开头开始。',
  ],
  BINLOG_STREAM_GARBAGE: [
    '应到事件处收到 <lengthBytes> 字节、以 0x<status> 开头的数据包',
    'millrace 会重新连接。若反复出现，请确认 hostname 和 port 指向 MySQL 或 MariaDB，中间没有改变协议的代理。',
  ],
  BINLOG_UNKNOWN_EVENT: [
    '结束于 <logPos> 的事件类型 <type> 未知，且未标记为可忽略',
    '跳过可能丢失变更，因此没有跳过任何内容。请升级 millrace，或关闭写出该事件的服务器特性。',
  ],
  BINLOG_UNSUPPORTED_EVENT: [
    '不支持结束于 <logPos> 的 <event>：<reason>',
    '请用 `scan.startup.mode: specific-offset` 从该事件之后开始，或为受影响的表重新做快照。',
  ],
  BINLOG_UNSUPPORTED_SERVER: [
    'binlog 由服务器版本 <version> 写出',
    'millrace 读取 MySQL 5.6 及以上、MariaDB 10.5 及以上的 binlog。请升级服务器。',
  ],
  BYTES_MALFORMED: [
    '无法读取 <what>：<reason>',
    '字节在传输中损坏，或服务器使用了本版本不认识的格式。请与 mysqlbinlog 的输出比较，并附上两份输出反馈。',
  ],
  BYTES_TRUNCATED: [
    '<what> 提前结束：在偏移 <offset> 处需要 <needed> 字节，只剩 <left> 字节',
    '字节在传输中被截断或损坏。请用 `millrace binlog dump` 重新读取同一位置；若仍失败，请与 mysqlbinlog 比较并附上两份输出反馈。',
  ],
  GTID_SET_MALFORMED: [
    '无法读取 GTID 集合 <text>：<reason>',
    '请照服务器自己的写法：MySQL 集合写作 `uuid:1-100:200,uuid:tag:1-5`，MariaDB 位点写作 `0-1-100,1-2-50`。',
  ],
  MYSQL_ACCESS_DENIED: [
    '<address> 拒绝 <user> 登录',
    '请检查用户名和密码，以及该账号是否允许从本机登录：SELECT user, host, plugin FROM mysql.user。',
  ],
  MYSQL_BINLOG_FILES: [
    '无法读取 <path> 处的 binlog 文件：<reason>',
    '请在 `binlog.files` 中指定 binlog 文件或其所在目录。某个文件中断或缺失时，之前的内容已写入：重新完整复制后再运行即可。逐个列出文件时可以略去其他文件。',
  ],
  MYSQL_BINLOG_FORMAT: [
    '<address> 记录的是语句而不是行（binlog_format <format>）',
    "执行 SET PERSIST binlog_format = 'ROW'（MariaDB：SET GLOBAL，并写入配置文件），然后让应用重新连接。",
  ],
  MYSQL_BINLOG_OFF: ['<address> 没有写 binlog', '请在服务器配置文件中设置 log_bin=binlog 和 server_id，然后重启。'],
  MYSQL_BINLOG_PURGED: [
    '<wanted> 处的日志已被清除，现存最早的是 <oldest>',
    '其间的变更对本管道已丢失：请重新做快照。调大 binlog_expire_logs_seconds，以便承受更长的停顿。',
  ],
  MYSQL_CASCADES_NOT_LOGGED: [
    '外键级联产生的变更不会写入日志：<tables>',
    'MariaDB 以及 9.6 之前的 MySQL 在 InnoDB 内部执行 ON DELETE/UPDATE CASCADE，不记录子表的行。请改用触发器或应用代码，或对这些表做数据校验。',
  ],
  MYSQL_DEFINITIONS_LOST: [
    '持有 <address> 日志中的位点，却没有该处的表定义，且日志在 <at> 没有列名',
    '通道 `…/schema` 的位点被删除了。行可能对应到错误的列名，因此不读取任何内容。请恢复该位点；或设置 `scan.lost-log: snapshot` 重新读取所有表；或同时删除本管道的其他位点，从头开始。',
  ],
  MYSQL_DEFINITION_UNREADABLE: [
    '无法读取 <table> 的定义：<reason>',
    '请用 tables.exclude 排除该表，并反馈其 SHOW CREATE TABLE。',
  ],
  MYSQL_GTID_OFF: [
    '<address> 没有 GTID（gtid_mode <mode>）',
    '位点因此只对应这台服务器的文件，其他服务器无法接替。请按 MySQL 手册的步骤把 gtid_mode 切换为 ON。',
  ],
  MYSQL_INCIDENT: [
    '服务器在写入日志之前丢失了变更，位于 <file>:<offset>：<reason>',
    '服务器自己声明日志在此处不完整。请重新做快照。',
  ],
  MYSQL_MISSING_GRANT: [
    '<user> 在 <on> 上缺少 <grant> 权限',
    '请以管理员身份授权：GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 该用户；SELECT 可以只授予被捕获的表。',
  ],
  MYSQL_NO_PRIMARY_KEY: [
    '没有主键：<tables>',
    '快照会一次性读取这样的表，镜像要靠全部列值定位行。请 ALTER TABLE … ADD PRIMARY KEY。',
  ],
  MYSQL_NO_TABLES: [
    '没有表匹配 <patterns>',
    '模式写作 `database.table`；正则中的点写作 `\\.`，因此 shop 的所有表是 `shop.\\.*`。',
  ],
  MYSQL_OTHER_SERVER: [
    '<address> 是服务器 <found>，而位点属于服务器 <held>',
    '没有 GTID 时，文件和位点在另一台服务器上没有意义。请把 hostname 指回原服务器，或重新做快照；gtid_mode=ON 可避免此问题。',
  ],
  MYSQL_PACKET_TOO_LARGE: [
    '<address> 无法发送其日志中的一个事件：<reason>',
    '在服务器上执行 SET GLOBAL max_allowed_packet = 1073741824；比这更大的事件根本无法复制。',
  ],
  MYSQL_PARTIAL_JSON: [
    '<address> 记录 JSON 变更时没有带上它所作用的文档（PARTIAL_JSON 且 binlog_row_image 为 MINIMAL）',
    "执行 SET PERSIST binlog_row_image = 'FULL'，或 SET PERSIST binlog_row_value_options = ''。",
  ],
  MYSQL_POSITION: ['无法从 <position> 开始：<reason>', 'SHOW BINARY LOGS 列出文件及大小；位点必须是某个事务的开头。'],
  MYSQL_REPLICA_NOT_LOGGING: [
    '<address> 是副本，且不记录它所应用的变更（log_replica_updates OFF）',
    '它的 binlog 里没有来自其主库的任何变更。请在配置文件中设置 log_replica_updates=ON（MariaDB 和旧版本：log_slave_updates）并重启，或改为从其主库读取。',
  ],
  MYSQL_REPLICA_STOPPED: [
    '<address> 是 <source> 的副本，但没有在跟随：<state>',
    '读取它的管道也会随之停滞。SHOW REPLICA STATUS 说明原因；START REPLICA 让它继续。',
  ],
  MYSQL_RETENTION: [
    '<address> 在 <seconds> 秒后删除 binlog',
    '停顿更久的管道需要重新做快照。SET PERSIST binlog_expire_logs_seconds = 604800 可保留一周。',
  ],
  MYSQL_ROW_IMAGE: [
    '<address> 记录的行不完整（binlog_row_image <image>）',
    "执行 SET PERSIST binlog_row_image = 'FULL'（MariaDB：SET GLOBAL，并写入配置文件），然后让应用重新连接。",
  ],
  MYSQL_ROW_METADATA: [
    '<address> 不记录列名（binlog_row_metadata <metadata>）',
    "millrace 改为跟踪 DDL，这要求历史没有中断。SET PERSIST binlog_row_metadata = 'FULL' 让每个事件自带描述。",
  ],
  MYSQL_SCHEMA_UNKNOWN: [
    '<file>:<offset> 处 <table> 的行与任何已知定义都不符：<reason>',
    '日志在那里没有列名。请从更晚的位点或快照开始，并设置 binlog_row_metadata=FULL，让日志自带描述。',
  ],
  MYSQL_SERVER_BUSY: [
    '<address> 暂时无法服务，错误 <number>：<reason>',
    'millrace 会自动重试。若持续出现，请检查 max_connections、锁，以及服务器是否正在关闭。',
  ],
  MYSQL_SERVER_DIVERGED: [
    '<address> 从未有过下游已持有的事务：<extra>',
    '服务器从备份恢复过，或由落后的副本接替。请把 hostname 指向拥有这些事务的服务器，或重新做快照。',
  ],
  MYSQL_SERVER_ERROR: [
    '服务器返回 <code>（<state>）：<message>',
    '请用 `perror` 或服务器手册查该错误号，并查看服务器日志。',
  ],
  MYSQL_SERVER_ID_IN_USE: [
    '<address> 的另一个副本正在使用 server id <serverId>',
    '请看本管道是否运行了两份，停掉一份。否则给每个读取者各自的 `server-id`，或不设置它以自动选取空闲的。SHOW REPLICAS 列出正在使用的。',
  ],
  MYSQL_SERVER_REFUSED: [
    '<address> 返回错误 <number>：<reason>',
    '请在 MySQL 错误手册中查该编号；服务器日志往往说得更多。',
  ],
  MYSQL_SERVER_RESET: [
    '<address> 的日志已重新开始：下游位于 <wanted>，服务器上是 <found>',
    'RESET BINARY LOGS AND GTIDS 或恢复操作清除了日志。请重新做快照。',
  ],
  MYSQL_SMALL_PACKETS: [
    '<address> 一次最多发送 <bytes> 字节（max_allowed_packet）',
    '日志中更大的事件会让管道停下。执行 SET PERSIST max_allowed_packet = 67108864（MariaDB：SET GLOBAL，并写入配置文件）。',
  ],
  MYSQL_STATEMENT_FORMAT: [
    '<file>:<offset> 处是一条 <verb> 语句而不是它的行',
    '某个会话以 STATEMENT 或 MIXED 格式写入，日志中没有被修改的行。请为所有会话设置 ROW，然后重新做快照。',
  ],
  MYSQL_TABLES_HIDDEN: [
    '<user> 不能读取 <on> 的全部内容；不可读的表不会列出，因此 `tables` 可能指到快照读不到的表',
    '请授予整个库的 SELECT，或逐一写出表名，使不可读的表立即被拒绝。日志带来这种表的行时，管道会以 MYSQL_MISSING_GRANT 停下。',
  ],
  MYSQL_TLS: [
    '无法与 <address> 建立 TLS 连接：<reason>',
    '请把 ssl.mode 设为服务器支持的值，并把 ssl.ca 设为签发其证书的机构的 PEM 文件。',
  ],
  MYSQL_UNEXPECTED_EVENT: [
    '<file>:<offset> 处的 <event> 事件：<reason>',
    '日志已损坏，或写法从未见过。`millrace binlog dump` 显示该处前后的内容。',
  ],
  MYSQL_XA_NO_ROOM: [
    '已准备的 XA 事务的行放不进内存，也放不进 <folder>：<reason>',
    '请在那里腾出空间，或把 TMPDIR 设到更大的目录，或调大 scan.transaction.max.size（内存中最多等待其十六倍）。millrace 会自动重试。',
  ],
  MYSQL_XA_UNKNOWN: [
    '<file>:<offset> 提交了 XA 事务 <xid>，而它在本管道开始读取之前就已准备',
    '它的行在日志中位于该处之前，因此这里缺失。请在没有已准备的 XA 事务时（XA RECOVER 会列出）重新做快照。',
  ],
  NET_CLOSED: [
    '与 <address> 的连接已关闭',
    'millrace 会自动重新连接。若反复出现，请查看服务器日志和中间代理的超时设置。',
  ],
  NET_TIMEOUT: [
    '<address> 已有 <waitedMs> 毫秒没有发送任何内容',
    '该连接视为已断开并会重新打开。若服务器只是较慢，请调大 `heartbeat.interval`。',
  ],
  NET_TLS: [
    '无法与 <address> 建立 TLS：<reason>',
    '请检查 `ssl.mode` 与 `ssl.ca`（若服务器要求证书，还有 `ssl.cert` 与 `ssl.key`），并确认 `port` 是接受 TLS 的端口。',
  ],
  NET_UNREACHABLE: [
    '无法连接 <address>：<reason>',
    '请检查 hostname 和 port、服务器是否在运行，以及中间有没有防火墙。',
  ],
  SNAPSHOT_LOCK_TIMEOUT: [
    '尝试 <attempts> 次仍未能在快照所需的瞬间锁住 <table>',
    '写过该表的某个事务一直未结束。请结束它、开启 gtid_mode，或设置 `scan.watermark.table`：这样就不需要锁。',
  ],
  SNAPSHOT_NOT_VISIBLE: [
    '<server> 在 <waitedMs> 毫秒内没有让它已记录的事务可见',
    '快照与日志读自不同服务器，或那里的提交被阻塞。请把 `hostname` 指向一台服务器，而不是负载均衡器。',
  ],
  SNAPSHOT_OTHER_SERVER: [
    '快照连到了服务器 <found>，而日志读自 <expected>',
    '两者必须是同一台服务器。请把 `hostname` 指向它而不是负载均衡器；主从切换后 millrace 会自动重试。',
  ],
  SNAPSHOT_POSITION_UNREADABLE: [
    '<lane> 的位点已损坏：<reason>',
    '请从下游的 millrace_position 删除该通道的行：该表会从头重新读取。',
  ],
  SNAPSHOT_TABLE_GONE: [
    '快照无法读取 <table>（MySQL 错误 <number>），而 binlog 中没有能解释它的变更',
    '请确认该表如日志所述存在，且用户可以 SELECT。以 sql_log_bin=0 执行的 DDL 在这里看不到：执行后请重启管道。',
  ],
  SNAPSHOT_CONDITION_REFUSED: [
    '快照的条件不能用于 <table>：<reason>',
    '没有开始任何读取。请按该表 SELECT 语句中 WHERE 之后的写法书写，不带注释，并先在那里试一试。',
  ],
  SNAPSHOT_UNKNOWN_TABLE: ['<table> 不是本数据源捕获的表', '请写作 database.table，并确认管道文件的 `tables` 匹配它。'],
  SNAPSHOT_WATERMARK_UNUSABLE: [
    '无法使用 <kind> 类型的水位线：<reason>',
    '请把 `scan.watermark` 设为 auto，或满足服务器提示中的要求。',
  ],
  VALUES_CHARSET_UNKNOWN: [
    '列 <column> 的字符集 <charset> 无法解码',
    '请把该列转换为 utf8mb4（ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4），或排除它。',
  ],
  VALUES_COLLATION_UNKNOWN: [
    '<table> 的列 <column> 的排序规则 <collation> 不在列表中',
    '请从服务器读取日志（使用它自己的排序规则列表），或把该列转换为 utf8mb4。',
  ],
  VALUES_COLUMN_UNKNOWN: [
    '<table> 的列 <column> 声明为 <type>，millrace 不认识该类型',
    '请排除该表，或反馈类型和服务器版本以便加入支持。',
  ],
  VALUES_COLUMN_UNREADABLE: [
    '<table> 的列 <column> 的传输类型 <type> 无法读取',
    '请重建表，使服务器用当前类型存储该列（ALTER TABLE ... FORCE），或排除该表。',
  ],
  VALUES_FRACTION_UNKNOWN: [
    '<table> 的列 <column> 使用旧的时间格式，日志没有说明小数位数',
    '请从快照开始（它会读取定义），或在 mysql56_temporal_format=ON 下执行 ALTER TABLE ... FORCE。',
  ],
  VALUES_JSON_BASE_MISSING: [
    '日志只有 <table> 的 JSON 列 <column> 的变化部分，没有被修改的文档',
    "请设置 binlog_row_image=FULL，或 binlog_row_value_options=''，以记录完整文档。",
  ],
  VALUES_MEMBERS_UNKNOWN: [
    '日志没有以可读形式给出 <table> 的 ENUM 或 SET 列 <column>（字符集 <charset>）的取值',
    '请从快照开始（它会读取定义），或把该列转换为 utf8mb4。',
  ],
  VALUES_RESULT_DAMAGED: [
    '<table> 的 SELECT 结果行无法切分：<reason>',
    'millrace 与服务器之间有东西改动了字节。请检查代理和压缩的使用。',
  ],
  VALUES_RESULT_MISMATCH: [
    '<table> 的 SELECT 返回 <columns> 列而不是 <expected> 列',
    '表在快照期间发生了变化。请重新做该表的快照。',
  ],
  VALUES_ROWS_DAMAGED: [
    '<table> 的事件中第 <row> 行无法读取：<reason>',
    '请用 mysqlbinlog --verify-binlog-checksum 检查日志。若日志完好，请反馈表定义和服务器版本。',
  ],
  VALUES_TABLE_MISMATCH: [
    '日志与 <table> 的已知定义不一致：日志为 <logged>，定义为 <known>',
    '该表在 millrace 看不到的地方被修改过。请设置 binlog_row_metadata=FULL 并重新做该表的快照。',
  ],
  VALUES_TABLE_UNKNOWN: [
    '日志没有给出 <table> 的 <columns> 列的列名，也没有已知定义',
    '请在服务器上设置 binlog_row_metadata=FULL（SET PERSIST binlog_row_metadata=FULL；MariaDB 还要写入 my.cnf），或从快照开始，它会读取定义。',
  ],
  VALUES_VALUE_DAMAGED: [
    '<table> 的列 <column> 的一个值无法读取：<reason>',
    '请用 CHECK TABLE 检查表，用 mysqlbinlog --verify-binlog-checksum 检查日志。若都完好，请反馈列类型和服务器版本。',
  ],
};
