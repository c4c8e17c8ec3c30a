/**
 * Writes rows to Redis first, one after the other, and tells of each that was answered, until it is killed: the counter of cart `n % 20`
 * becomes `n`.
 *
 * usage: node cart-writer-process.ts TABLE REDIS-PORT MYSQL-HOST MYSQL-PORT USER PASSWORD
 */
import { writeSync } from 'node:fs';
import { createCache } from '../cache.ts';

const [table, redisPort, hostname, port, username, password] = process.argv.slice(2) as string[];
const cache = await createCache({
  redis: { hostname: '127.0.0.1', port: Number(redisPort) },
  mysql: { hostname: hostname!, port: Number(port), username: username!, password: password! },
  redisTimeoutMs: 60_000,
});
const carts = await cache.table(table!, { writeBehind: { conflicts: 'mysql' } });
for (let n = 1; ; n += 1) {
  await carts.put({ id: n % 20, n });
  writeSync(1, `${n}\n`);
}
