import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MysqlRig } from '../../testing/mysql-rig.ts';
import { testServers } from '../../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const page = readFileSync(new URL('../../../docs/tutorial/04-stream-sql.md', import.meta.url), 'utf8');
const [server] = testServers();

test('the tutorial of stream SQL runs as it is written', { skip: server === undefined, timeout: 180_000 }, async () => {
  const { host, port, user, password } = server!;
  await using rig = await MysqlRig.open(server!);
  const { database } = rig;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tutorial-'));
  // Only where the server is, and what the database is called, is another than on the page.
  const here = (text: string): string =>
    text
      .replaceAll(/\bshop\b/g, database)
      .replaceAll("'127.0.0.1'", `'${host}'`)
      .replaceAll("'3306'", `'${port}'`)
      .replaceAll("'root'", `'${user}'`)
      .replaceAll('root@127.0.0.1:3306', `${user}@${host}:${port}`);
  const env = { ...process.env, MYSQL_PASSWORD: password };
  const running: { readonly child: ReturnType<typeof spawn>; readonly said: () => string }[] = [];
  try {
    for (const [, language, block] of page.matchAll(/^```(sql|console)\n(.*?)^```/gms)) {
      const [first = '', ...rest] = block!.split('\n');
      if (language === 'console') {
        const line = here(first).replace(/^\$ millrace /, '');
        const args = Array.from(line.matchAll(/'([^']*)'(?= )|"([^"]*)"|(\S+)/g), ([, a, b, c]) => a ?? b ?? c!);
        if (rest.join('').trim() === '') {
          const child = spawn(process.execPath, [main, ...args], {
            cwd: folder,
            env,
            stdio: ['ignore', 'inherit', 'pipe'],
          });
          let said = '';
          child.stderr?.on('data', (text: Buffer) => {
            said += text.toString();
          });
          running.push({ child, said: () => said });
        } else {
          const { stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
            cwd: folder,
            env,
            encoding: 'utf8',
          });
          assert.equal(stdout, rest.join('\n'), stderr);
        }
      } else if (first === '-- in the mysql client') {
        const statements = here(rest.join('\n')).split(/;\n/);
        // The rig has made the database by connecting to it.
        await rig.run(...statements.filter((text) => text.trim() !== '' && !text.startsWith('CREATE DATABASE')));
      } else if (first === '-- in the mysql client, until it says') {
        const [query, ...rows] = here(rest.join('\n')).trim().split('\n');
        await until(
          rig,
          query!,
          rows.map((row) => row.replace(/^-- /, '').split(/ {2,}/)),
          running,
        );
      } else writeFileSync(join(folder, first.replace('-- ', '')), here(block!));
    }
    assert.equal(running.length, 1);
    for (const { child, said } of running) {
      child.kill('SIGINT');
      const [code] = await once(child, 'close');
      assert.equal(code, 0, said());
    }
  } finally {
    for (const { child } of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

/** Asks until the server answers with these rows. */
const until = async (
  rig: MysqlRig,
  query: string,
  rows: readonly (readonly string[])[],
  running: readonly { readonly child: ReturnType<typeof spawn>; readonly said: () => string }[],
): Promise<void> => {
  for (;;) {
    const found = await rig.query(query).catch(() => []);
    if (JSON.stringify(found) === JSON.stringify(rows)) return;
    for (const { child, said } of running) assert.equal(child.exitCode, null, said());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
