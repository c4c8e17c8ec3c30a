/**
 * Carries what was written to Redis first into MySQL, until it is killed.
 *
 * usage: node write-applier-process.ts TABLE REDIS-PORT MYSQL-HOST MYSQL-PORT USER PASSWORD
 */
import { createCache } from '../cache.ts';

const [table, redisPort, hostname, port, username, password] = process.argv.slice(2) as string[];
const cache = await createCache({
  redis: { hostname: '127.0.0.1', port: Number(redisPort) },
  mysql: { hostname: hostname!, port: Number(port), username: username!, password: password! },
  redisTimeoutMs: 60_000,
});
await cache.table(table!, { writeBehind: { conflicts: 'mysql' } });
process.stdout.write('ready\n');
await cache.applyWrites(new AbortController().signal);
