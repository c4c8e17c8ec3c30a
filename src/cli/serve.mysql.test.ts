import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PipelineView } from '../server/pipeline-view.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const [server] = testServers();

describe('serve', { skip: server === undefined }, () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-serve-'));
  const folder = join(root, 'pipelines');
  mkdirSync(folder);
  let rig: MysqlRig;
  let serving: ChildProcess;
  let url = '';
  let said = '';

  const file = (name: string, table: string, more = ''): string => {
    const { host, port, user, password } = rig.server;
    return `source: {type: mysql, hostname: ${host}, port: ${port}, username: ${user}, password: "\${SERVE_PASSWORD:-${password}}", tables: ${rig.database}.${table}}
sink: {type: sqlite, path: ${join(root, `${name}.db`)}}
pipeline: {name: ${name}${more}}\n`;
  };

  const start = async (): Promise<void> => {
    said = '';
    serving = spawn(process.execPath, [main, 'serve', '--dir', folder, '--listen', '127.0.0.1:0', '--allow-tail']);
    serving.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(() => /url=(\S+)/.test(said), 'serve listens');
    url = /url=(\S+)/.exec(said)![1]!;
  };

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const ended = new Promise<number | null>((resolve) => serving.once('exit', resolve));
    serving.kill(signal);
    return await ended;
  };

  /** A command as a user runs it. */
  const millrace = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = { ...process.env, MILLRACE_API_URL: url };
      execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr }),
      );
    });

  // biome-ignore lint/suspicious/noExplicitAny: what the API answers is looked at field by field.
  const ask = async (method: string, path: string, body?: string): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    return { status: response.status, body: await response.json() };
  };
  const view = async (name: string): Promise<PipelineView> => (await ask('GET', `/api/v1/pipelines/${name}`)).body;
  const running = (name: string): Promise<void> =>
    until(async () => (await view(name)).connected === true, `${name} reads`);

  const rows = (name: string, table: string): number => {
    try {
      using db = new DatabaseSync(join(root, `${name}.db`), { readOnly: true });
      return Number(db.prepare(`SELECT count(*) AS n FROM "${rig.database}.${table}"`).get()!['n']);
    } catch {
      return -1;
    }
  };

  const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
    const deadline = performance.now() + 30_000;
    while (!(await holds())) {
      if (performance.now() > deadline)
        assert.fail(`waited too long until ${what}; serve said:\n${said.slice(-3_000)}`);
      await sleep(50);
    }
  };

  before(async () => {
    rig = await MysqlRig.open(server!);
    await rig.run(
      'CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20))',
      'CREATE TABLE stock (id INT PRIMARY KEY, note VARCHAR(20))',
      "INSERT INTO orders VALUES (1, 'one'), (2, 'two')",
      "INSERT INTO stock VALUES (1, 'one')",
    );
    writeFileSync(join(folder, 'orders.yaml'), file('orders', 'orders'));
    writeFileSync(join(folder, 'stock.yaml'), file('stock', 'stock'));
    writeFileSync(join(folder, 'wrong.yaml'), 'source: {type: mysqll}\n');
    await start();
  });

  after(async () => {
    if (serving.exitCode === null && serving.signalCode === null) await end('SIGKILL');
    await rig.run(`DROP DATABASE ${rig.database}`);
    await rig[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  });

  test('runs what is right, and says what is wrong with the rest', async () => {
    // Asked before anything is read: what is not known yet is not done.
    assert.equal((await millrace('wait', 'orders', '--for', 'snapshot-done', '--timeout', '20s')).code, 0);
    assert.equal(rows('orders', 'orders'), 2, 'the snapshot is there');
    await running('stock');
    assert.match(said, /there is no source of type mysqll/);
    const { code, stdout } = await millrace('status');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^orders +(running|snapshotting) /m);
    assert.match(stdout, /^stock +(running|snapshotting) /m);
    assert.match((await millrace('list')).stdout, /orders\.yaml/);
    const ready = await ask('GET', '/readyz');
    assert.deepEqual([ready.status, ready.body], [200, { ready: true, reasons: [] }]);
  });

  test('starts a killed process again, and leaves the others alone', async () => {
    const [victim, other] = [await view('orders'), await view('stock')];
    process.kill(victim.process.pid!, 'SIGKILL');
    await until(async () => (await view('orders')).process.restarts === 1, 'it was started again');
    await until(async () => (await view('orders')).logs[0]?.file != null, 'it says where it goes on from');
    await rig.run("INSERT INTO orders VALUES (3, 'three')");
    await until(() => rows('orders', 'orders') === 3, 'rows go on');
    const after = await view('orders');
    assert.notEqual(after.process.pid, victim.process.pid);
    assert.match(after.process.lastEnd!, /SIGKILL/);
    assert.equal((await view('stock')).process.pid, other.process.pid);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /millrace_process_restarts_total\{pipeline="orders"\} 1\n/);
    assert.match(metrics, /millrace_pipeline_state\{pipeline="stock",state="running"\} 1\n/);
  });

  test('keeps a pause over its own restart, and prints how to go back', async () => {
    const paused = await millrace('pause', 'orders');
    assert.match(paused.stdout, /orders {2}running -> paused/);
    assert.match(paused.stderr, /to go back: millrace resume orders/);
    assert.equal((await millrace('wait', 'orders', '--for', 'paused', '--timeout', '20s')).code, 0);
    assert.equal(await end('SIGTERM'), 0);
    await start();
    await until(async () => (await view('orders')).health === 'paused', 'it is paused again');
    await rig.run("INSERT INTO orders VALUES (4, 'four')");
    await running('stock');
    assert.equal(rows('orders', 'orders'), 3);
    assert.equal((await millrace('resume', 'orders')).code, 0);
    await until(() => rows('orders', 'orders') === 4, 'it goes on');
  });

  test('stops a process for good, and answers questions to it with its state', async () => {
    assert.equal((await millrace('stop', 'stock')).code, 0);
    const { health, reason, process: own } = await view('stock');
    assert.deepEqual([health, reason, own.pid], ['paused', 'stopped on request', null]);
    const refused = await millrace('snapshot', 'stock', '--table', `${rig.database}.stock`);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /API_PIPELINE_STATE/);
    assert.equal((await millrace('resume', 'stock')).code, 0);
    await running('stock');
  });

  test('takes a changed file over, and goes on with the old one while the new one is wrong', async () => {
    const before = await view('orders');
    writeFileSync(join(folder, 'orders.yaml'), 'source: {type: mysql\n');
    await until(() => /a pipeline file is wrong/.test(said.slice(said.indexOf('orders.yaml:'))), 'it says so');
    assert.equal((await view('orders')).process.pid, before.process.pid);
    writeFileSync(join(folder, 'orders.yaml'), file('orders', 'orders', ', commit.interval: 20ms'));
    await until(async () => {
      const { process: own } = await view('orders');
      return own.pid !== null && own.pid !== before.process.pid;
    }, 'a new process runs the new file');
    assert.match(said, /settings\.commit\.interval: 10 -> 20/);
    await running('orders');
  });

  test('takes pipelines by the API, with the diagnostics of lint, and removes them', async () => {
    const path = '/api/v1/pipelines/extra';
    const wrong = await ask('PUT', path, file('extra', 'stock').replace('tables', 'tabels'));
    assert.equal(wrong.status, 422);
    assert.equal(wrong.body.error.code, 'API_FILE_WRONG');
    assert.equal(wrong.body.diagnostics[0].code, 'CONFIG_UNKNOWN_KEY');
    assert.equal((await ask('GET', path)).status, 404);
    const added = await ask('PUT', path, file('extra', 'stock'));
    assert.deepEqual([added.status, added.body.change], [201, 'added']);
    await running('extra');
    assert.equal((await ask('PUT', path, file('extra', 'stock'))).body.change, 'unchanged');
    const plan = JSON.stringify((await ask('GET', `${path}/plan`)).body);
    if (rig.server.password.length > 3) assert.ok(!plan.includes(rig.server.password));
    assert.equal((await ask('DELETE', path)).status, 200);
    assert.equal((await ask('GET', path)).status, 404);
    assert.match(said, /changed by the API.*action="PUT/);
  });

  test('reads a table again, and shows rows as they pass', async () => {
    let ended = false;
    const tail = millrace('tail', 'orders', '--table', `${rig.database}.orders`, '--op', 'update', '-n', '1');
    void tail.finally(() => {
      ended = true;
    });
    // Rows that pass before it listens are not shown.
    for (let turn = 0; !ended && turn < 200; turn += 1) {
      await rig.run(`UPDATE orders SET note = 'turn ${turn}' WHERE id = 1`);
      await sleep(100);
    }
    const { stdout } = await tail;
    const row = JSON.parse(stdout);
    assert.equal(row.op, 'update');
    assert.equal(row.after.id, 1);
    assert.match(row.after.note, /^turn/);
    assert.notEqual(row.before.note, row.after.note);
    const asked = await millrace('snapshot', 'orders', '--table', `${rig.database}.orders`);
    assert.equal(asked.code, 0, asked.stderr);
    assert.equal((await millrace('wait', 'orders', '--for', 'snapshot-done', '--timeout', '20s')).code, 0);
    await until(
      async () => ((await view('orders')).tables[`${rig.database}.orders`]?.read ?? 0) >= 4,
      'rows were read',
    );
    const unknown = await millrace('snapshot', 'orders', '--table', 'no.such');
    assert.match(unknown.stderr, /SNAPSHOT_UNKNOWN_TABLE/);
    for (const where of ['id >', 'nothing = 1', 'id = 1 -- and no more']) {
      const wrong = await millrace('snapshot', 'orders', '--table', `${rig.database}.orders`, '--where', where);
      assert.match(wrong.stderr, /SNAPSHOT_CONDITION_REFUSED/);
    }
    assert.equal((await view('orders')).health, 'running');
  });

  test('moves a paused pipeline to another place and back, and refuses one that runs', async () => {
    const busy = await millrace('offsets', 'set', 'orders', '--latest', '--yes');
    assert.match(busy.stderr, /API_PIPELINE_STATE/);
    assert.equal((await millrace('offsets', 'reset', 'orders')).code, 6);
    await millrace('pause', 'orders');
    const [log] = JSON.parse((await millrace('offsets', 'get', 'orders', '-o', 'json')).stdout).data.logs;
    await rig.run("INSERT INTO orders VALUES (100, 'skipped')");
    const latest = await millrace('offsets', 'set', 'orders', '--latest', '--yes');
    assert.equal(latest.code, 0, latest.stderr);
    assert.match(latest.stderr, /to go back: millrace offsets set orders --gtid/);
    await millrace('resume', 'orders');
    await rig.run("INSERT INTO orders VALUES (101, 'seen')");
    const count = rows('orders', 'orders');
    await until(() => rows('orders', 'orders') === count + 1, 'what came after the place is there');
    await millrace('pause', 'orders');
    const wrong = await millrace(
      'offsets',
      'set',
      'orders',
      '--file',
      log.file,
      '--pos',
      String(log.offset + 1),
      '--yes',
    );
    assert.match(wrong.stderr, /MYSQL_POSITION.*no transaction begins there/);
    const back = await millrace('offsets', 'set', 'orders', '--file', log.file, '--pos', String(log.offset), '--yes');
    assert.equal(back.code, 0, back.stderr);
    await millrace('resume', 'orders');
    await until(() => rows('orders', 'orders') === count + 2, 'what was skipped comes again');
  });

  test('begins anew after a reset, and sweeps what is gone', async () => {
    await millrace('pause', 'stock');
    await rig.run('DELETE FROM stock', "INSERT INTO stock VALUES (7, 'seven')");
    const { code, stderr } = await millrace('offsets', 'reset', 'stock', '--yes');
    assert.equal(code, 0, stderr);
    await millrace('resume', 'stock');
    await until(async () => (await view('stock')).snapshot?.tablesDone === 1, 'the table was read again');
    assert.equal(rows('stock', 'stock'), 1);
  });

  test('keeps a pipeline that failed, with its reason, until somebody acts', async () => {
    const name = 'denied';
    await ask(
      'PUT',
      `/api/v1/pipelines/${name}`,
      file(name, 'stock').replace(/password: "[^"]*"/, 'password: wrong-one'),
    );
    await until(async () => (await view(name)).health === 'failed', 'it failed');
    const { code, reason, process: own, errors } = await view(name);
    assert.match(code!, /^MYSQL_/);
    assert.ok(reason !== null && !reason.includes('wrong-one'));
    assert.deepEqual([own.restarts, errors[code!]], [0, 1]);
    const status = await millrace('status');
    assert.equal(status.code, 4);
    const ready = await ask('GET', '/readyz');
    assert.deepEqual([ready.status, ready.body.reasons[0].pipeline], [503, name]);
    const waited = await millrace('wait', name, '--timeout', '1s');
    assert.equal(waited.code, 5);
    assert.match(waited.stderr, /WAIT_TIMED_OUT.*the last look: failed/);
    await ask('PUT', `/api/v1/pipelines/${name}`, file(name, 'stock'));
    await running(name);
    assert.equal((await millrace('status')).code, 0);
    await ask('DELETE', `/api/v1/pipelines/${name}`);
  });

  test('run serves the same API for as long as it runs, as its file says', async () => {
    const path = join(root, 'beside.yaml');
    writeFileSync(path, `${file('beside', 'stock')}server: {listen: "127.0.0.1:0", auth.token: only-for-this-test}\n`);
    const child = spawn(process.execPath, [main, 'run', path]);
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await until(() => /url=(\S+)/.test(text), 'run listens');
    const own = /url=(\S+)/.exec(text)![1]!;
    assert.equal((await fetch(`${own}/api/v1/pipelines`)).status, 401);
    const headers = { authorization: 'Bearer only-for-this-test' };
    await until(async () => (await fetch(`${own}/readyz`, { headers })).status === 200, 'it is ready');
    const stopped = await fetch(`${own}/api/v1/pipelines/beside/stop`, { method: 'POST', headers });
    assert.equal(stopped.status, 200);
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0, 'its last pipeline was stopped');
    assert.ok(!text.includes('only-for-this-test'));
  });

  test('serve serves it as its files say as well, when they agree', async () => {
    const [one, two] = [join(root, 'beside.yaml'), join(root, 'another.yaml')];
    const section = 'server: {listen: "127.0.0.1:0", auth.token: only-for-this-test}\n';
    writeFileSync(one, `${file('beside', 'stock')}${section}`);
    writeFileSync(two, file('another', 'stock'));
    const token = { authorization: 'Bearer only-for-this-test' };
    const statuses = async (...options: readonly string[]): Promise<{ text: string; plain: number; told: number }> => {
      const child = spawn(process.execPath, [main, 'serve', one, two, '--state', join(root, 'apart'), ...options]);
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      await until(() => /url=(\S+)/.test(text), 'serve listens');
      const path = `${/url=(\S+)/.exec(text)![1]!}/api/v1/pipelines`;
      const [plain, told] = [(await fetch(path)).status, (await fetch(path, { headers: token })).status];
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      return { text, plain, told };
    };
    const agreed = await statuses();
    assert.deepEqual([agreed.plain, agreed.told], [401, 200]);
    assert.ok(!agreed.text.includes('only-for-this-test'));
    writeFileSync(two, `${file('another', 'stock')}${section.replace('this', 'that')}`);
    const apart = await statuses('--listen', '127.0.0.1:0');
    assert.equal(apart.plain, 200);
    assert.match(apart.text, /server sections of the files differ.*beside\.yaml.*another\.yaml/);
    assert.ok(!apart.text.includes('only-for-'));
  });

  test('says what it logged, and everything about a pipeline', async () => {
    assert.match((await millrace('logs', 'orders')).stdout, /pipeline reads/);
    const lines = (await millrace('logs', 'orders', '-o', 'jsonl')).stdout.trimEnd().split('\n');
    assert.ok(lines.map((line) => JSON.parse(line).event).includes('PIPELINE_READS'));
    const { stdout } = await millrace('describe', 'orders');
    assert.match(stdout, /^health +running/m);
    assert.match(stdout, /^S_sync /m);
    const top = await millrace('top', '-n', '1', '-o', 'jsonl');
    assert.equal(JSON.parse(top.stdout.split('\n')[0]!).name, 'orders');
  });

  test('leaves no process that writes when it is killed itself', async () => {
    const pids = [(await view('orders')).process.pid!, (await view('stock')).process.pid!];
    await end('SIGKILL');
    const alive = (pid: number): boolean => {
      try {
        process.kill(pid, 0);
        return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
      } catch {
        return false;
      }
    };
    await until(() => !pids.some(alive), 'its children have ended');
    const { code, stdout } = await millrace('status', '-o', 'json');
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).error.code, 'API_UNREACHABLE');
  });
});
