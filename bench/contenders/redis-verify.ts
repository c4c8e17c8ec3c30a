/**
 * `millrace verify` of MySQL against its mirror in Redis, while a pipeline and writers work: every row, and every key.
 *
 * usage: node redis-verify.ts REDIS-PORT MYSQL-HOST MYSQL-PORT USER PASSWORD
 */
import { mysqlConfig } from '../../src/connectors/mysql/config.ts';
import { MysqlReader } from '../../src/connectors/mysql/reader/reader.ts';
import { RedisReader } from '../../src/connectors/redis/reader/reader.ts';
import { redisSinkConfig } from '../../src/connectors/redis/sink/config.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { Verification } from '../../src/verify/verification.ts';
import { report, silentLog } from './open-mysql.ts';

const [redisPort, hostname, port, username, password] = process.argv.slice(2) as string[];
const context = { pipeline: 'bench', clock: systemClock, log: silentLog };
const server = { hostname, port, username, password, tables: 'bench.orders' };
await using source = new MysqlReader({ config: mysqlConfig.parse(server), context });
await using target = new RedisReader(
  redisSinkConfig.parse({ hostname: '127.0.0.1', port: Number(redisPort) }),
  context,
);
const before = process.cpuUsage();
const started = performance.now();
const verification = new Verification({ source, target, steps: [], clock: systemClock, log: silentLog });
const [result] = await verification.run(new AbortController().signal);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const { rows, mismatched, missing, extra, unsettled } = result!.counts;
report(rows, seconds, {
  falseAlarms: mismatched + missing + extra,
  unsettled,
  cpuMicrosPerRow: (user + system) / rows,
});
