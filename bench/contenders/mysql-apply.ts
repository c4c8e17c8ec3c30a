/**
 * millrace in the apply benchmark: binlog files through its own pipeline into its own sink, exactly once.
 *
 * usage: node mysql-apply.ts HOST PORT USER PASSWORD ROWS FOLDER WRITERS
 */
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { connect } from '../orders.ts';
import { openMysql, openSink, report, silentLog } from './open-mysql.ts';

const [hostname, port, username, password, wanted, folder, writers] = process.argv.slice(2) as string[];
const address = { host: hostname!, port: Number(port), user: username!, password: password! };
const connection = await connect(address, { multipleStatements: true });
await connection.query('TRUNCATE TABLE bench.orders; DROP DATABASE IF EXISTS millrace');
const pipeline = createPipeline({
  name: 'bench',
  source: () => openMysql({ 'binlog.files': folder, tables: 'bench.orders', 'scan.startup.mode': 'earliest-offset' }),
  sinks: [
    {
      name: 'mysql',
      open: () => openSink('mysql', { hostname, port, username, password, 'sink.parallelism': Number(writers) }),
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
