import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { type Exchange, replayFlink } from '../../testing/flink-recording.ts';
import { flinkScenario } from '../../testing/flink-scenario.ts';
import { FlinkCluster } from './cluster-client.ts';
import { GatewaySession } from './gateway-client.ts';

const { flink, exchanges } = JSON.parse(readFileSync(new URL('testdata/recording.json', import.meta.url), 'utf8')) as {
  readonly flink: string;
  readonly exchanges: readonly Exchange[];
};
/** Nothing is waited for: a recording has its answers at once. */
const clock = { ...systemClock, sleep: async () => {} };

test(`a job of Flink ${flink} is submitted, looked at and stopped with a savepoint, as it was recorded`, async () => {
  await using cluster = await replayFlink(exchanges);
  const { tables, running, savepoint, stopped, failing, refusals } = await flinkScenario(cluster, clock);
  assert.deepEqual(tables, [['kept'], ['made']]);
  assert.match(running.id, /^[0-9a-f]{32}$/);
  assert.deepEqual([running.name, running.state, running.failure], ['counted', 'RUNNING', null]);
  assert.ok(running.checkpoints.completed > 0 && running.checkpoints.lastMs! > running.startedMs);
  assert.match(savepoint, /^file:.*savepoint-/);
  assert.equal(stopped.state, 'FINISHED');
  assert.equal(failing.name, 'failing');
  assert.match(failing.failure!, /^(For input string: .*x|.*Could not parse|.*Invalid)/);
  assert.match(
    refusals[0]!,
    /^FLINK_STATEMENT_FAILED Flink cannot run INSERT INTO kept: Column 'nope' not found in any table$/,
  );
  assert.match(refusals[1]!, /^FLINK_REFUSED .* HTTP 404: .*00000000000000000000000000000000/);
});

test('nobody there is said with the address', async () => {
  const nobody = 'http://127.0.0.1:1';
  for (const ask of [() => GatewaySession.open(nobody, clock), () => new FlinkCluster(nobody, clock).job('x')]) {
    await assert.rejects(ask, (error: unknown) => isMillraceError(error, 'FLINK_UNREACHABLE') && error.retryable);
  }
});

test('the command line submits a file, shows a job and stops it', async () => {
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  const made: Exchange[] = [
    ['POST', '/v3/sessions', { sessionHandle: 's' }] as const,
    ['POST', '/v3/sessions/s/statements', { operationHandle: 'o' }] as const,
    [
      'GET',
      '/v3/sessions/s/operations/o/result/0?rowFormat=JSON',
      { resultType: 'PAYLOAD', jobID: 'abc', results: { data: [] } },
    ] as const,
  ].map(([method, path, body]) => ({ role: 'gateway', method, path, status: 200, body }));
  await using cluster = await replayFlink([...made, ...exchanges.filter(({ role }) => role === 'rest')]);
  const millrace = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  };
  const example = fileURLToPath(new URL('testdata/job.sql', import.meta.url));
  const sent = await millrace('sql', 'submit', example, '--target', 'flink', '--gateway', cluster.gateway);
  assert.deepEqual([sent.status, sent.stdout], [0, 'abc\nabc\nabc\n'], sent.stderr);
  const job = exchanges.find(({ role, path }) => role === 'rest' && /\/stop$/.test(path))!.path.split('/')[2]!;
  const shown = await millrace('sql', 'status', job, '--rest', cluster.rest);
  assert.match(
    shown.stdout,
    new RegExp(`^${job} {2}RUNNING {2}counted\\n {2}started .*\\n {2}checkpoints .*\\n {2}failure +none\\n$`),
    shown.stderr,
  );
  const stopped = await millrace('sql', 'stop', job, '--rest', cluster.rest);
  assert.match(stopped.stdout, /savepoint-/, stopped.stderr);
  const dry = spawnSync(process.execPath, [main, 'sql', 'submit', example, '--dry-run'], { encoding: 'utf8' });
  assert.match(dry.stdout, /^CREATE TABLE made .*;\nCREATE TABLE kept .*;\nINSERT INTO kept .*;\n$/);
});
