/** Does what docs/tutorial/02 tells a reader to do, command by command, on a server of its own names, and looks for what it shows. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MysqlRig } from '../../testing/mysql-rig.ts';
import { freePort } from '../../testing/servers/launch-server.ts';
import { testServers } from '../../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-tutorial-'));
after(() => rmSync(folder, { recursive: true }));

interface Block {
  readonly language: string;
  readonly text: string;
}

/** What stands between fences, in the page's order. */
const blocksOf = (page: string): readonly Block[] =>
  Array.from(page.matchAll(/^```(\w*)\n(.*?)^```/gms), ([, language, text]) => ({ language: language!, text: text! }));

/** Lines that the reader types, each with what the page shows below it. */
const typed = (text: string): readonly { readonly line: string; readonly shown: string }[] =>
  text
    .split(/^(?=\$ )/m)
    .filter((part) => /^(\$ )?millrace /.test(part))
    .map((part) => {
      const [line = '', ...shown] = part.replace(/^\$ /, '').split('\n');
      return { line, shown: shown.join('\n') };
    });

/** Blanks count once: columns are as wide as names are, and names are other ones here. */
const words = (text: string): string => text.trim().split(/\s+/).join(' ');

const [server] = testServers();

test('tutorial 02 shows what a reader gets who follows it', async () => {
  await using rig = await MysqlRig.open(server!);
  const { database } = rig;
  const user = `tutorial_${process.pid}`;
  const port = await freePort();
  const page = readFileSync(new URL('../../../docs/tutorial/02-your-mysql-into-a-mirror.md', import.meta.url), 'utf8')
    .replaceAll(/\bCREATE USER millrace\b/g, `CREATE USER ${user}`)
    .replaceAll(/ TO millrace;/g, ` TO ${user};`)
    .replaceAll(/\bshop\b/g, database)
    .replaceAll('127.0.0.1:8765', `127.0.0.1:${port}`);
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    MYSQL_HOST: server!.host,
    MYSQL_PORT: String(server!.port),
    MYSQL_USER: user,
    MYSQL_PASSWORD: 'let-me-in',
    MILLRACE_API_URL: `http://127.0.0.1:${port}`,
  };
  const millrace = (line: string) => {
    const args = line
      .replace(/^millrace /, '')
      .replaceAll(/\bshop\b/g, database)
      .split(' ');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  let running: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const ended = new Promise<number | null>((resolve) => running!.once('close', resolve));
    running!.kill(signal);
    return await ended;
  };
  /** Until both sides are equal: rows arrive when they do. */
  const mirrored = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn += 1) {
      if (millrace(`millrace verify ${database}.yaml -q`).status === 0) return;
      await sleep(100);
    }
  };
  const checked: string[] = [];
  try {
    for (const { language, text } of blocksOf(page)) {
      if (language === 'sql') {
        for (const statement of text.split(/;\n/).filter((part) => part.trim() !== ''))
          if (!statement.startsWith('CREATE DATABASE')) await rig.run(statement);
        continue;
      }
      if (language !== '') continue;
      for (const { line, shown } of typed(text)) {
        if (/ run /.test(line)) {
          // The page kills it before it starts it again.
          if (running !== null) await end('SIGKILL');
          const args = line.split(' ').slice(1);
          running = spawn(process.execPath, [main, ...args], { cwd: folder, env, stdio: 'ignore' });
          assert.equal(millrace(`millrace wait ${database}-mirror --for snapshot-done --timeout 60s`).status, 0, line);
          continue;
        }
        if (running !== null) await mirrored();
        const { status, stdout, stderr } = millrace(line);
        assert.equal(status, 0, `${line}\n${stdout}${stderr}`);
        const [verb, , , written] = line.split(' ').slice(1);
        // The template is about the page's shop.
        if (verb === 'init') {
          const path = join(folder, written!);
          writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/\bshop\b/g, database));
        }
        if (verb !== undefined && ['lint', 'plan', 'verify'].includes(verb)) {
          assert.equal(words(`${stdout}${stderr}`), words(shown), line);
          checked.push(verb);
        }
      }
    }
    assert.deepEqual(checked, ['lint', 'plan', 'verify']);
    assert.equal(await end('SIGTERM'), 0);
    running = null;
  } finally {
    if (running !== null) await end('SIGKILL');
    await rig.run(`DROP USER IF EXISTS ${user}`);
  }
});
