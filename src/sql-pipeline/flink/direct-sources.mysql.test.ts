import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { testServers } from '../../testing/servers/test-servers.ts';
import { checkDirectSources } from './direct-sources.ts';

for (const server of testServers()) {
  test(`${server.name}: Flink's own connector is taken where it can read the server, and refused at the table where not`, async () => {
    const { host: hostname, port, user: username, password } = server;
    const table = { span: { start: 7, end: 9 }, source: { hostname, port: String(port), username, password } };
    const check = checkDirectSources([table, table]);
    if (server.name.startsWith('mariadb')) return await check;
    await assert.rejects(check, (error: unknown) => {
      assert.ok(isMillraceError(error, 'SQL_NOT_SUPPORTED'), String(error));
      assert.match(error.message, /for MySQL 9\..*SHOW MASTER STATUS/);
      assert.deepEqual([error.details.start, error.details.end], [7, 9]);
      return true;
    });
  });
}
