import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Cluster } from '../../src/connectors/kafka/client/cluster.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { kafkaSettings } from '../../src/testing/kafka-exactly-once.ts';
import { launchFlink } from '../../src/testing/servers/launch-flink.ts';
import { launchKafka } from '../../src/testing/servers/launch-kafka.ts';
import type { Soak } from './soak.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What a command prints. */
const millrace = async (folder: string, ...args: readonly string[]): Promise<string> => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
};

/** The newest Flink: totals into Kafka, and from there to print, as two files that `sql submit` sends; each is looked at and stopped with a savepoint. */
export const soak: Soak = {
  options: { records: 2_000 },
  async run({ records = 0 }, progress) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-flink-2-'));
    try {
      await using kafka = await launchKafka({ heapMiB: 256 });
      await using flink = await launchFlink('2.3.0');
      using cluster = new Cluster(kafkaSettings(kafka.bootstrapServers), systemClock);
      await cluster.createTopics([{ name: 'counted', partitions: 1, replicationFactor: 1, configs: {} }]);
      const topic = `CREATE TABLE counted (id INT, n BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka', 'topic' = 'counted',
        'properties.bootstrap.servers' = '${kafka.bootstrapServers}', 'key.format' = 'json', 'value.format' = 'json');`;
      const made = `CREATE TABLE made (id INT) WITH ('connector' = 'datagen', 'rows-per-second' = '200', 'fields.id.min' = '1', 'fields.id.max' = '9');`;
      const shown = `CREATE TABLE shown (id INT, n BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print');`;
      writeFileSync(
        join(folder, 'in.sql'),
        `${made}${topic}INSERT INTO counted SELECT id, COUNT(*) FROM made GROUP BY id;`,
      );
      writeFileSync(join(folder, 'out.sql'), `${topic}${shown}INSERT INTO shown SELECT id, n FROM counted;`);
      const submit = async (file: string): Promise<string> =>
        await millrace(folder, 'sql', 'submit', file, '--gateway', flink.gateway, '--profile', 'flink-2.x');
      const jobs = [await submit('in.sql'), await submit('out.sql')];
      /** How many records reached the last step of a job. */
      const reached = async (job: string): Promise<number> => {
        const answer = await fetch(`${flink.rest}/jobs/${job}`);
        const { vertices } = (await answer.json()) as { vertices: readonly { metrics: Record<string, number> }[] };
        return vertices.at(-1)!.metrics['read-records'] ?? 0;
      };
      let printed = 0;
      for (const deadline = Date.now() + 120_000; printed < records; printed = await reached(jobs[1]!)) {
        if (Date.now() > deadline)
          throw new Error(
            `${printed} records were printed: ${await millrace(folder, 'sql', 'status', jobs[1]!, '--rest', flink.rest)}`,
          );
        progress(`${printed} records`);
        await sleep(500);
      }
      for (const job of jobs) {
        const status = await millrace(folder, 'sql', 'status', job, '--rest', flink.rest);
        if (!/RUNNING[\s\S]*failure +none/.test(status)) throw new Error(status);
        const savepoint = await millrace(folder, 'sql', 'stop', job, '--rest', flink.rest);
        if (!savepoint.includes('savepoint-')) throw new Error(savepoint);
      }
      return { 'records printed': printed, jobs: jobs.length, savepoints: jobs.length };
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 5 });
    }
  },
};
