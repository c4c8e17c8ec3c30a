import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../connectors/kafka/client/cluster.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { batchOf, kafkaProducer, kafkaSettings } from '../testing/kafka-exactly-once.ts';
import { MysqlRig } from '../testing/mysql-rig.ts';
import { testKafka } from '../testing/servers/test-kafka.ts';
import { testServers } from '../testing/servers/test-servers.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const server = testServers().find(({ name }) => name === 'mysql-9.7');
const partitions = 4;

/** One process of the pipeline, and the partitions that it said it reads. */
class Member {
  readonly #child: ChildProcess;
  readonly reads = new Set<number>();
  said = '';

  constructor(file: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [main, 'run', file, '--log-format', 'json'], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.said += `${line}\n`;
      const partition = Number(/"partition":(\d+)/.exec(line)?.[1]);
      if (line.includes('partition is read')) this.reads.add(partition);
      if (line.includes('partition is given up')) this.reads.delete(partition);
    });
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    return (await exit)[0] as number | null;
  }
}

test('processes share the partitions of a topic while they come, go and are killed: every record is in MySQL once', {
  skip: server === undefined,
  timeout: 240_000,
}, async () => {
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  await using rig = await MysqlRig.open(server!);
  const topic = `group-${rig.database}`;
  await cluster.createTopics([{ name: topic, partitions, replicationFactor: null, configs: {} }]);
  const producer = await kafkaProducer(cluster, null);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-group-'));
  const file = join(folder, 'hits.yaml');
  writeFileSync(
    file,
    JSON.stringify({
      source: {
        type: 'kafka',
        'properties.bootstrap.servers': bootstrapServers,
        topic,
        'value.format': 'json',
        table: `${rig.database}.hits`,
        // Without a key, so that a record that comes twice is there twice.
        schema: `CREATE TABLE ${rig.database}.hits (part INT, n INT)`,
        'properties.group.protocol': 'consumer',
      },
      sink: {
        type: 'mysql',
        hostname: rig.server.host,
        port: rig.server.port,
        username: rig.server.user,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is put in by whoever reads the file
        password: '${PASSWORD}',
        'position.database': `${rig.database}`,
      },
      pipeline: { name: topic },
    }),
  );
  const env = { ...process.env, PASSWORD: rig.server.password };
  const members: Member[] = [];
  const start = (): Member => {
    const member = new Member(file, env);
    members.push(member);
    return member;
  };
  const until = async (what: string, done: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await done())) {
      assert.ok(Date.now() < deadline, `${what}\n${members.map(({ said }) => said).join('---\n')}`);
      await systemClock.sleep(50);
    }
  };
  const deadline = Date.now() + 220_000;
  let written = 0;
  const write = async (): Promise<void> => {
    for (let partition = 0; partition < partitions; partition += 1) {
      const rows = Array.from({ length: 50 }, (_, i) => JSON.stringify({ part: partition, n: written + i }));
      await producer.send({ topic, partition }, await batchOf(rows));
    }
    written += 50;
  };
  const arrived = async (): Promise<boolean> => {
    const [found] = await rig
      .query('SELECT COUNT(*), COUNT(DISTINCT part, n) FROM hits')
      .catch(() => [['0', '0'] as readonly (string | null)[]]);
    assert.equal(found![0], found![1], 'no record twice');
    return Number(found![1]) === written * partitions;
  };
  try {
    const first = start();
    await write();
    await until('the first has all', arrived);
    assert.equal(first.reads.size, partitions);
    const second = start();
    await until('two share', () => second.reads.size === 2 && first.reads.size === 2);
    await write();
    await until('both write', arrived);
    await write();
    await first.end('SIGKILL');
    await write();
    await until('the second has all', arrived);
    const third = start();
    await until('they share again', () => third.reads.size === 2);
    await write();
    assert.equal(await second.end('SIGTERM'), 0);
    await write();
    await until('the third has all', arrived);
    assert.equal(third.reads.size, partitions);
  } finally {
    for (const member of members) await member.end('SIGKILL');
    await rig.run(`DROP DATABASE ${rig.database}`);
    rmSync(folder, { recursive: true });
  }
});
