/** What commands refuse before they reach a server, each in this process. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { version } from '../pipeline/program-version.ts';
import type { FromChild, ToChild } from '../server/question.ts';
import { Supervisor } from '../server/supervisor.ts';
import { toldPipeline } from '../server/told-pipeline.ts';
import { silent } from '../testing/pipeline-rig.ts';
import { commandCall, parseCommandLine } from './command-line.ts';
import { commands } from './command-table.ts';
import { readText } from './pipeline-files.ts';
import { runPipelineProcess } from './run-pipeline-process.ts';
import { openTerminal } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-refused-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs a command line as `main` does, but hands its error on. */
const millrace = async (...args: readonly string[]): Promise<void> => {
  const line = parseCommandLine(args, commands);
  assert.ok(line.kind === 'run');
  const terminal = openTerminal(new PassThrough().resume(), new PassThrough().resume(), { off: true, env: {} });
  const { run } = await line.spec.load();
  await run(commandCall(line, { terminal, env: {}, commands }));
};

const file = (name: string, value: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
};

const source = { type: 'mysql', hostname: '127.0.0.1', port: 1, username: 'u', password: 'p', tables: 'a.b' };
const sink = { type: 'sqlite', path: join(folder, 'mirror.db') };
const letters = join(folder, 'letters.ndjson');
const keeping = { 'errors.tolerance': 'all', 'errors.deadletterqueue.path': letters };
const keeper = file('keeper.yaml', { source, sink, pipeline: { name: 'keeper', ...keeping } });

describe('dlq', () => {
  test('wants a pipeline that keeps dead letters, and one alone', async () => {
    const none = file('none.yaml', { source, sink, pipeline: { name: 'none' } });
    await assert.rejects(millrace('dlq', 'list', none), { code: 'DLQ_NOT_KEPT', details: { file: none } });
    const several = file('several.yaml', {
      pipelines: ['one', 'two'].map((name) => ({ name, source, sink, ...keeping })),
    });
    await assert.rejects(millrace('dlq', 'list', several), {
      code: 'DLQ_WHICH_PIPELINE',
      details: { file: several, pipelines: 'one, two' },
    });
    await millrace('dlq', 'list', several, '--pipeline', 'two');
  });

  test('wants to be told what to change, and to be sure', async () => {
    file('letters.ndjson', '');
    await assert.rejects(millrace('dlq', 'drop', keeper), {
      code: 'DLQ_NOTHING_CHOSEN',
      details: { command: 'dlq drop' },
    });
    await assert.rejects(millrace('dlq', 'drop', keeper, '--all'), {
      code: 'CONFIRMATION_NEEDED',
      details: { what: '0 letters are dropped; the rows are nowhere else' },
    });
    await assert.rejects(millrace('dlq', 'drop', keeper, 'abc', '--yes'), { code: 'DLQ_UNKNOWN_ID' });
  });

  test('says which line of the file is wrong, and leaves one that a crash cut off', async () => {
    const letter = '{"id":"1","sink":"sqlite","code":"SINK_ROW_REFUSED","definition":{}}';
    file('letters.ndjson', `${letter}\n{"id":"2","si\n`);
    await assert.rejects(millrace('dlq', 'drop', keeper, '--all', '--yes'), {
      code: 'DLQ_UNREADABLE',
      details: { path: letters, line: 2, reason: 'it is no JSON' },
    });
    file('letters.ndjson', `${letter}\n{"level":"info"}\n`);
    await assert.rejects(millrace('dlq', 'drop', keeper, '--all', '--yes'), {
      code: 'DLQ_UNREADABLE',
      details: { path: letters, line: 2, reason: 'it is no dead letter' },
    });
    file('letters.ndjson', `${letter}\n{"id":"2","si`);
    await millrace('dlq', 'drop', keeper, '1', '--yes');
  });

  test('replays into the sink that refused the row, and no other', async () => {
    file('letters.ndjson', '{"id":"1","sink":"old","code":"SINK_ROW_REFUSED","definition":{}}\n');
    await assert.rejects(millrace('dlq', 'replay', keeper, '--all'), {
      code: 'DLQ_NO_SINK',
      details: { file: keeper, sink: 'old' },
    });
  });
});

test('dlq replay wants the source that a message came from at its old place', async () => {
  file(
    'letters.ndjson',
    '{"id":"1","source":0,"topic":"t","partition":0,"offset":4,"code":"FORMAT_MESSAGE_UNREADABLE"}\n',
  );
  await assert.rejects(millrace('dlq', 'replay', keeper, '--all'), {
    code: 'DLQ_NO_SOURCE',
    details: { file: keeper },
  });
});

describe('serve', () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);

  test('wants a pipeline', async () => {
    const nowhere = join(folder, 'nowhere');
    const missing = { file: nowhere, reason: 'there is no such folder' };
    await assert.rejects(millrace('serve', '--dir', nowhere, '--allow-empty'), {
      code: 'CONFIG_UNREADABLE',
      details: missing,
    });
    await assert.rejects(millrace('serve', '--dir', empty), { code: 'SERVE_NOTHING', details: { where: empty } });
  });

  test('does not put a pipeline over a file that it does not run', async () => {
    const stateFolder = join(folder, 'state');
    await using supervisor = await Supervisor.open({
      files: [],
      folder: null,
      stateFolder,
      program: { path: '', execArgv: [], env: {} },
      load: (path, text) =>
        loadPipelineFile(path, { env: {}, readText: () => text ?? '', connectors, overrides: [], version }),
      plan: () => ({}),
      log: silent,
      onLine: () => {},
    });
    const path = join(stateFolder, 'pipelines', 'orders.yaml');
    mkdirSync(join(stateFolder, 'pipelines'), { recursive: true });
    writeFileSync(path, 'mine');
    const text = JSON.stringify({ source, sink, pipeline: { name: 'orders' } });
    await assert.rejects(supervisor.put('orders', text), {
      code: 'API_NAME_TAKEN',
      details: { pipeline: 'orders', file: path },
    });
    assert.equal(readText(path), 'mine');
  });
});

test('a page that something else shows at the API is no answer', async () => {
  const server = createServer((_, response) => response.end('<html>'));
  await using _server = { [Symbol.asyncDispose]: async () => void server.close().closeAllConnections() };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(millrace('list', '--api-url', url), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'API_ANSWER');
    assert.match(error.message, /answered 200, and not as millrace does/);
    return true;
  });
});

test('a question that the process of a pipeline does not understand gets an answer all the same', async () => {
  const loaded = await loadPipelineFile(keeper, { env: {}, readText, connectors, overrides: [], version });
  const [pipeline] = loaded.pipelines;
  const told: FromChild[] = [];
  const refused = Promise.withResolvers<FromChild>();
  const stop = new AbortController();
  await runPipelineProcess({
    stop,
    tell: (message) => {
      told.push(message);
      if (message.kind === 'refusal') {
        refused.resolve(message);
        stop.abort();
      }
    },
    listen: (take) => {
      take({ kind: 'begin', told: toldPipeline(pipeline!, loaded.secrets), paused: true });
      take({ kind: 'question', id: 7 } as unknown as ToChild);
    },
  });
  const message = await refused.promise;
  assert.ok(message.kind === 'refusal');
  assert.equal(message.id, 7);
  assert.equal(message.error.code, 'PIPELINE_QUESTION_FAILED');
});
