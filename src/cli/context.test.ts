import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'millrace-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'deep', 'contexts.json');
const main = fileURLToPath(new URL('main.ts', import.meta.url));

const millrace = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [main, ...args], { env: { PATH, MILLRACE_CONTEXTS: file, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  return { status, stdout, stderr };
};

test('commands ask the context in use, with its own token, which stands in a file that only its owner reads', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end('{"pipelines":[]}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'swordfish\n');
    assert.equal((await millrace(['context', 'add', 'prod', url, '--token-file', tokenFile])).status, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal((await millrace(['list'])).status, 0, 'the first context is used at once');
    await millrace(['list', '--api-url', url]);
    assert.deepEqual(asked, ['Bearer swordfish', undefined], 'an address that was typed gets no context’s token');

    await millrace(['context', 'add', 'other', 'http://127.0.0.1:1']);
    const { stderr } = await millrace(['context', 'use', 'other']);
    assert.match(stderr, /undo: millrace context use prod/);
    assert.match((await millrace(['list'])).stderr, /127\.0\.0\.1:1/);
    assert.equal((await millrace(['list'], { MILLRACE_CONTEXT: 'prod' })).status, 0);

    const list = await millrace(['context', 'list', '-o', 'json']);
    assert.deepEqual(
      (JSON.parse(list.stdout).data.contexts as { context: string; current: boolean; hasToken: boolean }[]).map(
        ({ context, current, hasToken }) => [context, current, hasToken],
      ),
      [
        ['prod', false, true],
        ['other', true, false],
      ],
    );
    assert.ok(!list.stdout.includes('swordfish'));
    assert.equal((await millrace(['context', 'delete', 'prod', '--yes'])).status, 0);
    assert.ok(!readFileSync(file, 'utf8').includes('swordfish'));
  } finally {
    server.close();
  }
});

test('a context that is not there, and a file that holds none, are refused by name', async () => {
  const unknown = await millrace(['context', 'use', 'othr', '-o', 'json']);
  const { error } = JSON.parse(unknown.stdout);
  assert.equal(error.code, 'CLI_UNKNOWN_CONTEXT');
  assert.match(error.detail, /othr.*other/);
  const before = readFileSync(file, 'utf8');
  assert.notEqual((await millrace(['context', 'add', 'x', 'localhost:8765'])).status, 0);
  assert.equal(readFileSync(file, 'utf8'), before);
  writeFileSync(file, '[');
  const broken = await millrace(['list', '-o', 'json']);
  assert.equal(JSON.parse(broken.stdout).error.code, 'CONFIG_UNREADABLE');
});
