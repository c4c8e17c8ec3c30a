import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { diagnosticText } from '../diagnostic-text.ts';

/** A good file, and one line of it that is changed for the worse. */
const good = [
  'source:',
  '  type: mysql',
  '  hostname: db1.internal',
  '  port: 3306',
  '  username: millrace',
  `  password: \${MYSQL_PASSWORD}`,
  '  tables: shop.orders, shop.order_items',
  '  scan.startup.mode: initial',
  '  heartbeat.interval: 10s',
  'sink:',
  '  type: sqlite',
  '  path: shop.db',
  'pipeline:',
  '  name: shop-mirror',
  '  errors.tolerance: none',
];

/** A file with several pipelines, likewise. */
const goodLong = [
  'connections:',
  '  shop:',
  '    type: mysql',
  '    hostname: db1.internal',
  '    username: millrace',
  `    password: \${MYSQL_PASSWORD}`,
  'pipelines:',
  '  - name: orders-mirror',
  '    source: {use: shop, tables: shop.orders}',
  '    sink: {type: sqlite, path: orders.db}',
  '    retry.attempts: 20',
  '    route:',
  '      - source-table: shop.(\\.*)',
  '        sink-table: ods.$1',
  '    tests:',
  '      - name: orders get another name',
  '        input: [{table: shop.orders, op: c, after: {id: 1}}]',
  '        output: [{table: ods.orders, op: c, after: {id: 1}}]',
  '  - name: stock-log',
  '    source: {use: shop, tables: shop.stock}',
  '    sink: {type: file, path: stock.ndjson}',
];

interface Mistake {
  readonly what: string;
  readonly line: string;
  readonly becomes: string;
}

export const typos: readonly Mistake[] = [
  {
    what: 'two letters swapped',
    line: '  tables: shop.orders, shop.order_items',
    becomes: '  tabels: shop.orders, shop.order_items',
  },
  { what: 'a letter left out', line: '  hostname: db1.internal', becomes: '  hostnme: db1.internal' },
  { what: 'another word', line: '  username: millrace', becomes: '  user-name: millrace' },
  { what: 'a section misspelt', line: 'pipeline:', becomes: 'pipline:' },
  { what: 'an underscore for a dot', line: '  scan.startup.mode: initial', becomes: '  scan.startup_mode: initial' },
  { what: 'a connector misspelt', line: '  type: sqlite', becomes: '  type: sqllite' },
  { what: 'a key of another section', line: '  path: shop.db', becomes: '  path: shop.db\n  errors.tolerance: all' },
  { what: 'a choice misspelt', line: '  scan.startup.mode: initial', becomes: '  scan.startup.mode: inital' },
  { what: 'a key written twice', line: '  port: 3306', becomes: '  port: 3306\n  port: 3307' },
  { what: 'a variable misspelt', line: `  password: \${MYSQL_PASSWORD}`, becomes: `  password: \${MYSQL_PASWORD}` },
];

export const wrongValues: readonly Mistake[] = [
  { what: 'a letter in a number', line: '  port: 3306', becomes: '  port: 33o6' },
  { what: 'a number out of range', line: '  port: 3306', becomes: '  port: 70000' },
  { what: 'nothing after the colon', line: '  port: 3306', becomes: '  port:' },
  {
    what: 'a list where one value belongs',
    line: '  hostname: db1.internal',
    becomes: '  hostname: [db1.internal, db2.internal]',
  },
  {
    what: 'a duration without a unit that exists',
    line: '  heartbeat.interval: 10s',
    becomes: '  heartbeat.interval: 10 parsecs',
  },
  {
    what: "a shell's star in a table pattern",
    line: '  tables: shop.orders, shop.order_items',
    becomes: '  tables: shop.*',
  },
  {
    what: 'a table without its database',
    line: '  tables: shop.orders, shop.order_items',
    becomes: '  tables: orders',
  },
  {
    what: 'a regular expression that does not compile',
    line: '  tables: shop.orders, shop.order_items',
    becomes: '  tables: shop.order_[0-9',
  },
  {
    what: 'a mode without what it needs',
    line: '  scan.startup.mode: initial',
    becomes: '  scan.startup.mode: timestamp',
  },
  { what: 'a tab for indentation', line: '  path: shop.db', becomes: '\tpath: shop.db' },
];

export const longFormMistakes: readonly Mistake[] = [
  {
    what: 'a connection misspelt',
    line: '    source: {use: shop, tables: shop.orders}',
    becomes: '    source: {use: shpo, tables: shop.orders}',
  },
  { what: 'a key of a connection misspelt', line: '    hostname: db1.internal', becomes: '    hostnam: db1.internal' },
  { what: 'a setting beside the sections misspelt', line: '    retry.attempts: 20', becomes: '    retry.atempts: 20' },
  { what: 'a wrong number there', line: '    retry.attempts: 20', becomes: '    retry.attempts: 0' },
  { what: 'two pipelines of one name', line: '  - name: stock-log', becomes: '  - name: orders-mirror' },
  {
    what: 'a variable of names misspelt',
    line: '        sink-table: ods.$1',
    becomes: '        sink-table: ods.%{tabel}',
  },
  {
    what: 'a group that the pattern has not',
    line: '        sink-table: ods.$1',
    becomes: '        sink-table: ods.$2',
  },
  {
    what: 'a sink that another tool has',
    line: '    sink: {type: sqlite, path: orders.db}',
    becomes: '    sink: {type: doris, fenodes: "127.0.0.1:8030"}',
  },
  {
    what: 'an operation that is none, in a test',
    line: '        input: [{table: shop.orders, op: c, after: {id: 1}}]',
    becomes: '        input: [{table: shop.orders, op: x, after: {id: 1}}]',
  },
  {
    what: 'braces without quotes',
    line: '    source: {use: shop, tables: shop.stock}',
    becomes: '    source: {use: shop, tables: shop.%{table}}',
  },
];

/** docs/config-mistakes.md: what `millrace lint` says to each of these, from real runs. */
export const mistakesPage = async (): Promise<string> => {
  const sections = async (mistakes: readonly Mistake[]): Promise<string> =>
    (await Promise.all(mistakes.map(mistakeSection))).join('\n\n');
  return [
    '# Mistakes in pipeline files, and what is said to them',
    '',
    'Ten typos and ten wrong values, each put into the file below and run through `millrace lint`. Made by `npm run docs` from real runs.',
    '',
    '```yaml',
    ...good,
    '```',
    '',
    '## Typos',
    '',
    await sections(typos),
    '',
    '## Wrong values',
    '',
    await sections(wrongValues),
    '',
    '## In a file with several pipelines',
    '',
    'The same with ten mistakes in this one:',
    '',
    '```yaml',
    ...goodLong,
    '```',
    '',
    await sections(longFormMistakes),
    '',
  ].join('\n');
};

const mistakeSection = async (mistake: Mistake): Promise<string> =>
  [`**${mistake.what}**`, '', '```', await answerTo(mistake), '```'].join('\n');

/** What lint says to a file with this mistake. */
export const answerTo = async ({ line, becomes }: Mistake): Promise<string> => {
  const file = [good, goodLong].find((lines) => lines.includes(line));
  if (file === undefined) throw new Error(`no good file has a line ${line}`);
  const text = file.map((known) => (known === line ? becomes : known)).join('\n');
  const loaded = await loadPipelineFile('shop.yaml', {
    env: { MYSQL_PASSWORD: 'secret' },
    overrides: [],
    version: '0',
    connectors,
    readText: () => `${text}\n`,
  });
  return loaded.diagnostics.map((diagnostic) => diagnosticText(loaded, diagnostic, (_, plain) => plain)).join('\n');
};
