import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { testServers } from '../testing/servers/test-servers.ts';
import { runDemo } from './demo.ts';
import type { DemoOutcome } from './demo-text.ts';

for (const { name, host, port, user, password } of testServers()) {
  test(`the demo on ${name} ends with both sides equal, and leaves nothing behind on the server`, async () => {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const mysqlUrl = `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}`;
    const exit = await runDemo({ mysqlUrl, json: true, seconds: 4, stdout, stderr });
    const [printed, said] = [String(stdout.read()), String(stderr.read())];
    assert.equal(exit, 0, said + printed);
    const { tables, changeLog, incidents } = (JSON.parse(printed) as { data: DemoOutcome }).data;
    assert.equal(tables.length, 12);
    assert.ok(tables.every(({ source }) => source.rows > 0));
    assert.equal(changeLog.twice, 0);
    assert.equal(incidents.length, 2);
    assert.match(said, new RegExp(`live ${name.startsWith('mysql') ? 'MySQL' : 'MariaDB'}`));
    const connection = await mysql.createConnection({ host, port, user, password });
    const [left] = await connection.query<RowDataPacket[]>("SHOW DATABASES LIKE 'millrace\\_demo\\_%'");
    await connection.end();
    assert.deepEqual(left, []);
  });
}
