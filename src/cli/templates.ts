/** The files that `millrace init` writes, by name. Each lints clean, which a test holds. */
export interface Template {
  readonly summary: string;
  /** Sinks that it needs; a version without one of them does not offer it. */
  readonly sinks: readonly string[];
  readonly text: string;
}

/** The comment that every file begins with. */
export const fileHead = [
  '# yaml-language-server: $schema=./node_modules/millrace/schema/v1.json',
  '# millrace lint FILE      checks this file without connecting to anything',
  '# millrace doctor FILE    connects, and says what to repair, with the SQL that does',
  '# millrace run FILE       runs it until SIGTERM; a second run goes on where the sink is',
];

const mysqlSource = [
  'source:',
  '  type: mysql                       # MariaDB, too',
  `  hostname: \${MYSQL_HOST:-127.0.0.1}`,
  `  port: \${MYSQL_PORT:-3306}`,
  '  # CREATE USER millrace IDENTIFIED BY …; GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO millrace;',
  `  username: \${MYSQL_USER:-millrace}`,
  `  password: \${MYSQL_PASSWORD:-}     # or \${file:/run/secrets/mysql}`,
  '  # database.table, each a regular expression; \\. is its "any character": shop.\\.* are all tables of shop.',
  '  tables: shop.\\.*',
];

const text = (...lines: readonly (string | readonly string[])[]): string => `${lines.flat().join('\n')}\n`;

export const templates: Readonly<Record<string, Template>> = {
  'mysql-sqlite': {
    summary: 'A mirror of a database in a SQLite file: all rows, then every change.',
    sinks: ['sqlite'],
    text: text(
      fileHead,
      mysqlSource,
      '  scan.startup.mode: initial        # a snapshot, then the log; latest-offset: only what changes from now on',
      'sink:',
      '  type: sqlite                      # rows and position in one transaction: exactly once',
      '  path: shop.db',
      'pipeline:',
      '  name: shop-mirror                 # positions are kept under it: keep it when the file is renamed',
    ),
  },
  'mysql-file': {
    summary: 'A change log: each change as a line of Debezium’s JSON.',
    sinks: ['file'],
    text: text(
      fileHead,
      mysqlSource,
      '  scan.startup.mode: latest-offset',
      'sink:',
      '  type: file',
      '  path: changes.ndjson              # - prints to stdout',
      'pipeline:',
      '  name: shop-changes',
    ),
  },
  'mysql-kafka': {
    summary: 'Topics of Debezium’s JSON, one for each table, exactly once.',
    sinks: ['kafka'],
    text: text(
      fileHead,
      mysqlSource,
      '  scan.startup.mode: initial',
      'sink:',
      '  type: kafka',
      `  properties.bootstrap.servers: \${KAFKA_BROKERS:-localhost:9092}`,
      `  topic: shop.%{table}              # row variables are %{…}; \${…} is the environment`,
      'pipeline:',
      '  name: shop-to-kafka',
    ),
  },
  'mysql-mysql': {
    summary: 'A copy of tables on another MySQL or MariaDB, kept in step.',
    sinks: ['mysql'],
    text: text(
      fileHead,
      mysqlSource,
      '  scan.startup.mode: initial',
      'sink:',
      '  type: mysql',
      `  hostname: \${TARGET_HOST:-127.0.0.1}`,
      `  port: \${TARGET_PORT:-3307}`,
      `  username: \${TARGET_USER:-millrace}`,
      `  password: \${TARGET_PASSWORD:-}`,
      'route:',
      '  - source-table: shop.\\.*',
      '    sink-table: reporting.%{table}',
      'pipeline:',
      '  name: shop-to-reporting',
    ),
  },
  several: {
    summary: 'Several pipelines in one file, with a connection they share, and a test.',
    sinks: ['sqlite', 'file'],
    text: text(
      fileHead,
      '# millrace test FILE      runs the tests in it, without any server',
      'connections:',
      '  shop:',
      '    type: mysql',
      `    hostname: \${MYSQL_HOST:-127.0.0.1}`,
      `    port: \${MYSQL_PORT:-3306}`,
      `    username: \${MYSQL_USER:-millrace}`,
      `    password: \${MYSQL_PASSWORD:-}`,
      'pipelines:',
      '  - name: orders-mirror',
      '    source:',
      '      use: shop',
      '      tables: [shop.orders, shop.order_items]',
      '    sink:',
      '      type: sqlite',
      '      path: orders.db',
      '    route:',
      '      - source-table: shop.\\.*',
      "        sink-table: 'mirror.%{table}'",
      '    tests:',
      '      - name: orders keep their rows under another name',
      '        input: [{table: shop.orders, op: c, after: {id: 1, status: new}}]',
      '        output: [{table: mirror.orders, op: c, after: {id: 1, status: new}}]',
      '  - name: customer-changes',
      '    source:',
      '      use: shop',
      '      tables: shop.customers',
      '      columns.mask: shop.customers.email',
      '      scan.startup.mode: latest-offset',
      '    sink:',
      '      type: file',
      '      path: customers.ndjson',
    ),
  },
};
