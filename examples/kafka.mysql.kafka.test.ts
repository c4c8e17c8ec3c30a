import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { Cluster } from '../src/connectors/kafka/client/cluster.ts';
import { systemClock } from '../src/pipeline/system-clock.ts';
import { kafkaSettings, valuesIn } from '../src/testing/kafka-exactly-once.ts';
import { launchServer } from '../src/testing/servers/launch-server.ts';
import { testKafka } from '../src/testing/servers/test-kafka.ts';

const example = fileURLToPath(new URL('mysql-to-kafka.yaml', import.meta.url));
const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const prefix = `example-${process.pid}`;

interface Envelope {
  readonly op: string;
  readonly after: { readonly id: number; readonly note: string } | null;
  readonly source: { readonly table: string };
}

test('the example mysql-to-kafka.yaml brings rows and changes, and goes on where it was, each record once', async () => {
  await using server = await launchServer({ flavor: 'mysql' });
  const bootstrapServers = await testKafka();
  using cluster = new Cluster(kafkaSettings(bootstrapServers), systemClock);
  const connection = await mysql.createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    multipleStatements: true,
  });
  try {
    await connection.query(`
      CREATE DATABASE shop; USE shop; CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(30));
      INSERT INTO orders VALUES (1, 'before'), (2, 'before')`);
    const found = async (): Promise<readonly string[]> => {
      cluster.forget();
      if ((await cluster.partitionCounts([`${prefix}.orders`])).get(`${prefix}.orders`) === 0) return [];
      return (await valuesIn(cluster, `${prefix}.orders`)).map((value) => {
        const { op, after } = JSON.parse(value || '{"op":"tombstone","after":null}') as Envelope;
        return `${op} ${after?.id ?? ''}`.trim();
      });
    };
    /** Runs the example until the topic holds as many records, and stops it as a user does. */
    const runUntil = async (count: number, meanwhile: () => Promise<unknown>): Promise<void> => {
      const child = spawn(process.execPath, [main, 'run', example], {
        env: {
          ...process.env,
          MYSQL_PORT: String(server.port),
          KAFKA: bootstrapServers,
          TOPIC_PREFIX: prefix,
          PIPELINE: prefix,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => {
        errors += chunk.toString();
      });
      try {
        await meanwhile();
        for (let i = 0; i < 300 && child.exitCode === null && (await found()).length < count; i += 1) await sleep(100);
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        const [status] = (await ended) as [number | null];
        assert.equal(status, 0, errors);
      } finally {
        child.kill('SIGKILL');
      }
    };
    await runUntil(2, async () => {});
    assert.deepEqual(await found(), ['r 1', 'r 2']);
    await runUntil(6, () =>
      connection.query(
        "INSERT INTO orders VALUES (3, 'new'); UPDATE orders SET note = 'x' WHERE id = 1; DELETE FROM orders WHERE id = 2",
      ),
    );
    assert.deepEqual(await found(), ['r 1', 'r 2', 'c 3', 'u 1', 'd', 'tombstone']);
  } finally {
    connection.destroy();
  }
});
