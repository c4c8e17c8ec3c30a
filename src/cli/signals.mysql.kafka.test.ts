import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { RecordBatchWriter } from '../connectors/kafka/client/record-batch.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { kafkaProducer, kafkaSettings, makeTopic } from '../testing/kafka-exactly-once.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const server = testServers().find(({ name }) => name === 'mysql-9.7');

/** A millrace of its own process, and the lines of its log. */
class Millrace {
  readonly #child: ChildProcess;
  said = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [main, ...args, '--log-format', 'json'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
  }

  /** One field of every line with this message, as text. */
  fieldOf(message: string, field: string): string[] {
    const lines = this.said.split('\n').filter((line) => line.includes(`"message":"${message}"`));
    return lines.map((line) => String((JSON.parse(line) as Readonly<Record<string, unknown>>)[field]));
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    return (await exit)[0] as number | null;
  }
}

test('signals in a Kafka topic make a running pipeline read a table again, those sent while it is down too; wrong ones are warned of', {
  skip: server === undefined,
  timeout: 180_000,
}, async () => {
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await using rig = await MysqlRig.open(server!);
  const topic = await makeTopic(cluster);
  const producer = await kafkaProducer(cluster, null);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-signals-'));
  const [file, changes] = [join(folder, 'signals.yaml'), join(folder, 'changes.ndjson')];
  const name = `signals-${rig.database}`;
  writeFileSync(
    file,
    JSON.stringify({
      source: {
        type: 'mysql',
        hostname: rig.server.host,
        port: rig.server.port,
        username: rig.server.user,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is put in by whoever reads the file
        password: '${PASSWORD}',
        tables: `${rig.database}.t`,
        'scan.startup.mode': 'latest-offset',
        'heartbeat.interval': '200ms',
      },
      sink: { type: 'file', path: changes },
      pipeline: { name, 'signal.kafka.topic': topic, 'signal.kafka.bootstrap.servers': bootstrapServers },
    }),
  );
  const env = { ...process.env, PASSWORD: rig.server.password };
  const running: Millrace[] = [];
  const start = (...args: readonly string[]): Millrace => {
    const started = new Millrace(args, env);
    running.push(started);
    return started;
  };
  const deadline = Date.now() + 100_000;
  const until = async (what: string, done: () => boolean): Promise<void> => {
    while (!done()) {
      assert.ok(Date.now() < deadline, `${what}\n${running.map(({ said }) => said).join('---\n')}`);
      await systemClock.sleep(20);
    }
  };
  const send = async (...signals: readonly (readonly [key: string, value: string])[]): Promise<void> => {
    const writer = new RecordBatchWriter(Buffer.alloc(10_000), Date.now());
    for (const [key, value] of signals.map((each) => each.map((part) => Buffer.from(part))))
      writer.add(key!, 0, key!.length, value!, 0, value!.length);
    await producer.send({ topic, partition: 0 }, await writer.finish('none', false));
  };
  const execute = (table: string): string =>
    JSON.stringify({ type: 'execute-snapshot', data: { 'data-collections': [`${rig.database}.${table}`] } });
  const rowsRead = (): number =>
    existsSync(changes) ? (readFileSync(changes, 'utf8').match(/"op":"r"/g)?.length ?? 0) : 0;
  try {
    await rig.run('CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2), (3)');
    await send([name, execute('t')]);
    const run = start('run', file);
    await until('signals are read', () => run.fieldOf('signals are read', 'offset').length > 0);
    assert.deepEqual(run.fieldOf('signals are read', 'offset'), ['1']);
    await send(['another', execute('t')], [name, 'no json'], [name, execute('other')], [name, execute('t')]);
    await until('its rows are written', () => rowsRead() >= 3);
    assert.equal(await run.end('SIGTERM'), 0);
    assert.equal(rowsRead(), 3);
    assert.deepEqual(run.fieldOf('a signal was not carried out', 'code'), ['SIGNAL_REFUSED', 'SNAPSHOT_UNKNOWN_TABLE']);
    assert.deepEqual(run.fieldOf('a signal was carried out', 'offset'), ['4']);

    await send([name, execute('t')], [name, '{"type":"log","data":{"message":"up to {}"}}']);
    const serve = start('serve', file, '--state', join(folder, 'state'), '--listen', '127.0.0.1:0');
    await until('its rows are written again', () => rowsRead() >= 6);
    await until('a signal is logged', () => serve.fieldOf('a signal says something', 'text').length > 0);
    assert.deepEqual(serve.fieldOf('a signal says something', 'text'), ['up to 6']);
    assert.equal(await serve.end('SIGTERM'), 0);
    assert.deepEqual(serve.fieldOf('a signal was carried out', 'offset'), ['5']);
    assert.equal(rowsRead(), 6);
  } finally {
    for (const each of running) await each.end('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
