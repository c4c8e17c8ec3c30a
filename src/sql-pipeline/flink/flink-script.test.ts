import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import { feedFile, feedPipelines, servedFile } from './feed-file.ts';
import type { FlinkProfile } from './flink-profile.ts';
import { flinkScript } from './flink-script.ts';

const cdc = (table: string): string =>
  `WITH ('connector' = 'mysql-cdc', 'hostname' = 'db1', 'username' = 'u', 'password' = '\${PW}', 'database-name' = 'shop', 'table-name' = '${table}')`;
const declarations = `SET 'pipeline.name' = 'totals';
CREATE TABLE orders (id BIGINT, customer BIGINT, total DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) ${cdc('orders')};
CREATE TABLE visits (id BIGINT, seen_at TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED) ${cdc('visits')};
CREATE TABLE files (id BIGINT, seen_at TIMESTAMP(3), body BYTES, PRIMARY KEY (id) NOT ENFORCED) ${cdc('files')};
CREATE TABLE totals (customer BIGINT, total DECIMAL(38, 2), PRIMARY KEY (customer) NOT ENFORCED)
  WITH ('connector' = 'mysql', 'hostname' = 'db2', 'port' = '3307', 'username' = 'w', 'password' = '\${PW}', 'database-name' = 'report', 'table-name' = 'totals', 'sink.parallelism' = '2');
CREATE TABLE seen (a BIGINT, b BIGINT, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'print');
`;
const withoutFiles = declarations.replace(/CREATE TABLE files.*\n/, '');
const insert = 'INSERT INTO totals SELECT customer, SUM(total) FROM orders GROUP BY customer;';

const script = (sql: string, profile: FlinkProfile = 'flink-1.20', brokers: string | null = 'k1:9092') =>
  flinkScript(
    sql,
    { profile, brokers, topicPrefix: 'cdc' },
    {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable as statements write it.
      expand: (text) => text.replace('${PW}', "it's"),
      hide: () => {},
    },
  );

test('only options change: MySQL is read from topics and written by JDBC', () => {
  const { statements, fed, jobName } = script(withoutFiles + insert);
  const texts = statements.map(({ text }) => text);
  assert.equal(jobName, 'totals');
  assert.equal(
    texts[1],
    "CREATE TABLE orders (id BIGINT, customer BIGINT, total DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'kafka', 'topic' = 'cdc.shop.orders', 'properties.bootstrap.servers' = 'k1:9092', 'properties.group.id' = 'totals', 'scan.startup.mode' = 'earliest-offset', 'format' = 'debezium-json')",
  );
  assert.match(texts[2]!, /'topic' = 'cdc\.shop\.visits'.*'format' = 'canal-json'/);
  assert.match(
    texts[3]!,
    /WITH \('connector' = 'jdbc', 'url' = 'jdbc:mysql:\/\/db2:3307\/report', 'table-name' = 'totals', 'username' = 'w', 'password' = 'it''s'\)$/,
  );
  assert.match(texts.at(-1)!, /^INSERT INTO totals SELECT /);
  assert.doesNotMatch(statements.map(({ shown }) => shown).join(), /it's/);
  // What is sent is read by the same parser as what was written.
  for (const text of texts) assert.equal(parseScript(text).length, 1);

  const pipelines = feedPipelines(fed, 'k1:9092');
  const file = feedFile(pipelines);
  assert.doesNotMatch(file, /it's/);
  assert.deepEqual(
    (JSON.parse(file) as { readonly pipelines: readonly Record<string, Record<string, unknown>>[] }).pipelines.map(
      ({ name, source, sink }) => [name, source!['tables'], sink!['topic'], sink!['value.format']],
    ),
    [
      ['cdc.shop.orders-feed', 'shop.orders', 'cdc.shop.orders', 'debezium-json'],
      ['cdc.shop.visits-feed', 'shop.visits', 'cdc.shop.visits', 'canal-json'],
    ],
  );
  assert.deepEqual((JSON.parse(servedFile(pipelines[0]!)) as { pipeline: object }).pipeline, {
    name: 'cdc.shop.orders-feed',
  });
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the variable as pipeline files write it.
  assert.equal(pipelines[0]!.source['password'], '${PW}');
});

const refused: readonly (readonly [what: string, sql: string, at: string, said: RegExp, profile?: FlinkProfile])[] = [
  ['a table with times and bytes', declarations + insert, 'CREATE TABLE files', /times and bytes/],
  ['what shows something', `${withoutFiles}SELECT id FROM orders;`, 'SELECT', /shows nothing/],
  ['nothing to run', withoutFiles, 'SET', /no INSERT INTO/],
  [
    'RANK over rows that change',
    `${withoutFiles}INSERT INTO seen SELECT id, r FROM (SELECT id, RANK() OVER (PARTITION BY customer ORDER BY total) AS r FROM orders) WHERE r < 3;`,
    'INSERT',
    /RANK\(\) is not taken/,
  ],
  [
    'a running total of rows that change, on 1.20',
    `${withoutFiles}INSERT INTO seen SELECT id, CAST(SUM(total) OVER (PARTITION BY customer ORDER BY id) AS BIGINT) FROM orders;`,
    'INSERT',
    /flink-1\.20.*2\.x takes/,
  ],
  [
    'LAG over rows that change, on 2.x',
    `${withoutFiles}INSERT INTO seen SELECT id, LAG(customer) OVER (ORDER BY id) FROM orders;`,
    'INSERT',
    /flink-2\.x.*LAG/,
    'flink-2.x',
  ],
  [
    'a connector that Flink does not have',
    `${withoutFiles}CREATE TABLE w (id BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'sqlite', 'path' = 'x.db', 'table-name' = 'w'); INSERT INTO w SELECT id FROM orders;`,
    'CREATE TABLE w',
    /'sqlite' on Flink/,
  ],
];

for (const [what, sql, at, said, profile] of refused) {
  test(`${what} is refused at its place`, () => {
    assert.throws(
      () => script(sql, profile),
      (error: unknown) => {
        assert.ok(isMillraceError(error), String(error));
        assert.match(error.message, said);
        assert.ok(sql.slice(spanOfError(error)!.start).startsWith(at), sql.slice(spanOfError(error)!.start, 60));
        return true;
      },
    );
  });
}

test('a running total of rows that change is taken for 2.x, and reading MySQL needs the brokers', () => {
  const running = `${withoutFiles}INSERT INTO seen SELECT id, CAST(SUM(total) OVER (PARTITION BY customer ORDER BY id) AS BIGINT) FROM orders;`;
  assert.equal(script(running, 'flink-2.x').statements.length, 6);
  assert.throws(() => script(withoutFiles + insert, 'flink-1.20', null), /--kafka/);
});
