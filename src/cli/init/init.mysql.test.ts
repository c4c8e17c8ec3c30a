/** `millrace init` on a terminal, as somebody answers it who makes every mistake on the way. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { MysqlRig } from '../../testing/mysql-rig.ts';
import { PseudoTerminal } from '../../testing/pseudo-terminal.ts';
import { freePort } from '../../testing/servers/launch-server.ts';
import { testServers } from '../../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-init-'));
after(() => rmSync(folder, { recursive: true }));

const secret = 'Geheim-4711';

const init = (...args: readonly string[]): PseudoTerminal =>
  new PseudoTerminal([main, 'init', ...args], { cwd: folder, env: { HOME: folder } });

const [server] = testServers();

describe('millrace init on a terminal', {
  skip: process.platform !== 'linux' && 'script of util-linux is needed',
}, () => {
  test('asks until every answer works, and writes a file that lints and names its passwords only as variables', async () => {
    await using rig = await MysqlRig.open(server!);
    const user = `init_${process.pid}`;
    const reader = `${user}@${rig.server.host}:${rig.server.port}`;
    await rig.run(
      'CREATE TABLE orders (id INT PRIMARY KEY)',
      'CREATE TABLE notes (v INT)',
      `CREATE USER ${user} IDENTIFIED BY '${secret}'`,
      `GRANT SELECT ON ${rig.database}.* TO ${user}`,
    );
    try {
      await using person = init();
      await person.answers('MySQL or MariaDB to read', `127.0.0.1:${await freePort()}`);
      await person.sees('that names no user');
      await person.answers('MySQL or MariaDB to read', `${user}@127.0.0.1:${await freePort()}`);
      await person.answers('(is not shown', secret);
      await person.sees('NET_UNREACHABLE');
      await person.answers('MySQL or MariaDB to read', reader);
      await person.answers('(is not shown', 'wrong');
      await person.sees('MYSQL_ACCESS_DENIED');
      await person.answers(`[${reader}]`, '');
      await person.answers('(is not shown', secret);
      await person.sees(/notes +~0 +no primary key\n +2 +\S+\.orders/);
      await person.answers('Tables', '7');
      await person.sees('7 is not among the numbers 1 to 2');
      await person.answers('Tables', `${rig.database}.*`);
      await person.sees(`a lone * is no regular expression; write ${rig.database}.\\.*`);
      await person.answers('Tables', 'ordres');
      await person.sees('there is no table or database ordres; did you mean orders?');
      await person.answers('Tables', '2');
      await person.sees(/✘ .* lacks .*MYSQL_MISSING_GRANT\n +GRANT/);
      await rig.run(`GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user}`);
      await person.answers('again (', 'again');
      await person.sees('✔ connected to');
      await person.answers('Copy the rows', '');
      await person.answers('Where to', 'sqlit');
      await person.answers('SQLite file', 'no/such/folder/shop.db');
      await person.sees('SQLITE_CANNOT_OPEN');
      await person.answers('again (', '');
      await person.answers('SQLite file [no/such', 'shop.db');
      await person.answers('Name of the pipeline', 'a name');
      await person.sees('a name is no name');
      await person.answers('Name of the pipeline', 'shop');
      writeFileSync(join(folder, 'there.yaml'), 'mine');
      await person.answers('File to write [shop.yaml]', 'there.yaml');
      await person.sees('CLI_FILE_EXISTS');
      await person.answers('File to write', '');
      assert.equal(await person.exitCode, 0, person.screen);
      assert.match(person.screen, /set MYSQL_PASSWORD to the password of init_\d+ on/);
      assert.ok(!person.screen.includes(secret), 'the password was shown');
      assert.equal(readFileSync(join(folder, 'there.yaml'), 'utf8'), 'mine');
      const text = readFileSync(join(folder, 'shop.yaml'), 'utf8');
      assert.ok(!text.includes(secret), 'the password was written');
      const loaded = await loadPipelineFile('shop.yaml', {
        env: { MYSQL_PASSWORD: secret },
        overrides: [],
        version: '0',
        connectors,
        readText: () => text,
      });
      assert.deepEqual(loaded.diagnostics, []);
      const config = loaded.pipelines[0]!.sources[0]!.config as Readonly<Record<string, unknown>>;
      assert.equal(config['password'], secret);
      assert.deepEqual(config['tables'], [`${rig.database}.orders`]);
    } finally {
      await rig.run(`DROP USER ${user}`);
    }
  });

  test('ends at Ctrl-C and at Ctrl-D, with 130 and without a file, also while a server lets it wait', async () => {
    for (const key of ['\x03', '\x04']) {
      await using person = init('--to', 'never.yaml');
      await person.answers('MySQL or MariaDB to read', 'u@127.0.0.1:1');
      await person.sees('(is not shown');
      person.types(key);
      assert.equal(await person.exitCode, 130, person.screen);
      assert.match(person.screen, /nothing was written/);
    }
    assert.ok(!existsSync(join(folder, 'never.yaml')));
  });
});
