/**
 * millrace in the receive benchmark: a topic of Debezium's envelopes through its own pipeline into MySQL, exactly once.
 *
 * usage: node kafka-receive.ts HOST PORT USER PASSWORD ROWS BOOTSTRAP TOPIC WRITERS
 */
import type { Context } from '../../src/core/connector.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { connect } from '../orders.ts';
import { openSinkAs, openSourceAs, report, silentLog } from './open-mysql.ts';

const [hostname, port, username, password, wanted, bootstrap, topic, writers] = process.argv.slice(2) as string[];
const address = { host: hostname!, port: Number(port), user: username!, password: password! };
const connection = await connect(address, { multipleStatements: true });
await connection.query('TRUNCATE TABLE bench.orders; DROP DATABASE IF EXISTS millrace');
const [[{ definition }]] = (await connection.query(
  "SELECT CONCAT('CREATE TABLE bench.orders (', GROUP_CONCAT(CONCAT(COLUMN_NAME, ' ', COLUMN_TYPE) ORDER BY ORDINAL_POSITION), ', PRIMARY KEY (id))') AS definition FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'bench' AND TABLE_NAME = 'orders'",
)) as unknown as [[{ definition: string }]];
const context: Context = { pipeline: `bench-${process.pid}`, log: silentLog, clock: systemClock };
const pipeline = createPipeline({
  name: context.pipeline,
  source: () =>
    openSourceAs(context, 'kafka', {
      'properties.bootstrap.servers': bootstrap,
      topic,
      schema: definition,
      'scan.startup.mode': 'earliest-offset',
      'scan.bounded.mode': 'latest-offset',
    }),
  sinks: [
    {
      name: 'mysql',
      open: () =>
        openSinkAs(context, 'mysql', { hostname, port, username, password, 'sink.parallelism': Number(writers) }),
    },
  ],
  clock: systemClock,
  log: silentLog,
});
const started = performance.now();
await pipeline.run(new AbortController().signal);
const seconds = (performance.now() - started) / 1000;
const [[row]] = (await connection.query('SELECT count(*) AS held FROM bench.orders')) as unknown as [
  [{ held: number }],
];
if (row.held !== Number(wanted)) throw new Error(`${row.held} rows arrived instead of ${wanted}`);
report(row.held, seconds);
