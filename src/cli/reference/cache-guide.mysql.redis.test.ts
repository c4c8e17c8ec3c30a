/** Does what the guide of the cache tells a reader to do, on servers of its own, and looks for what it shows. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemClock } from '../../pipeline/system-clock.ts';
import { MysqlRig } from '../../testing/mysql-rig.ts';
import { RedisSinkRig } from '../../testing/redis-sink-rig.ts';
import { launchRedis } from '../../testing/servers/launch-redis.ts';
import { testServers } from '../../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const useSources = pathToFileURL(fileURLToPath(new URL('../../../scripts/use-sources.mjs', import.meta.url))).href;
const folder = mkdtempSync(join(tmpdir(), 'millrace-cache-guide-'));
after(() => rmSync(folder, { recursive: true }));

const [server] = testServers();

test('the guide of the cache shows what a reader gets who follows it', { skip: server === undefined }, async () => {
  await using redis = await launchRedis();
  await using inside = await RedisSinkRig.open(redis);
  await using rig = await MysqlRig.open(server!);
  await rig.run(
    "CREATE TABLE orders (id INT UNSIGNED PRIMARY KEY, status ENUM('new', 'paid') NOT NULL, total DECIMAL(10, 2))",
    "INSERT INTO orders VALUES (1, 'new', 9.90), (2, 'paid', NULL)",
  );
  const page = readFileSync(new URL('../../../docs/guides/cache-in-front-of-mysql.md', import.meta.url), 'utf8')
    .replaceAll('shop.orders', `${rig.database}.orders`)
    .replaceAll(/name: shop$/gm, `name: ${rig.database}`)
    .replaceAll("pipeline: 'shop'", `pipeline: '${rig.database}'`);
  const blocks = Array.from(
    page.matchAll(/^```(\w*)\n(.*?)^```/gms),
    ([, language, text]) => [language!, text!] as const,
  );
  const blockOf = (language: string): string => blocks.find(([each]) => each === language)![1];
  const file = join(folder, 'shop.yaml');
  writeFileSync(file, blockOf('yaml'));
  writeFileSync(join(folder, 'app.ts'), blockOf('ts'));
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    MYSQL_HOST: server!.host,
    MYSQL_PORT: String(server!.port),
    MYSQL_USER: server!.user,
    MYSQL_PASSWORD: server!.password,
    REDIS_HOST: redis.host,
    REDIS_PORT: String(redis.port),
  };
  const millrace = (...args: readonly string[]) =>
    spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8', timeout: 120_000 });

  const running = spawn(process.execPath, [main, 'run', file], { env, stdio: 'ignore' });
  try {
    const patience = performance.now() + 120_000;
    while (
      String(await inside.ask('HGET', `millrace:tables:${rig.database}`, `${rig.database}.orders`)) !== 'complete'
    ) {
      assert.ok(performance.now() < patience && running.exitCode === null, 'the table is read');
      await systemClock.sleep(20);
    }
    const types = millrace('types', file);
    assert.equal(types.status, 0, types.stderr);
    writeFileSync(join(folder, 'tables.ts'), types.stdout);
    const app = spawnSync(process.execPath, ['--import', useSources, join(folder, 'app.ts')], {
      env,
      encoding: 'utf8',
      timeout: 120_000,
    });
    const shown = blocks.map(([, text]) => text).find((text) => text.startsWith('node app.ts\n'))!;
    assert.equal(`node app.ts\n${app.stdout}`, shown, app.stderr);
    const verified = millrace('verify', file);
    assert.equal(verified.status, 0, verified.stderr);
    assert.match(verified.stdout, /orders +2 +\d+ +2 +0 +0 +0 +0 {2}equal/);
  } finally {
    running.kill('SIGTERM');
    if (running.exitCode === null) await once(running, 'exit');
  }
});
