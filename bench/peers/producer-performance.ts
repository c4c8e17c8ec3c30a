import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { javaProgram } from '../../src/testing/servers/java-program.ts';
import { mavenJars } from '../../src/testing/servers/maven-jars.ts';
import type { Run } from '../result.ts';
import { processUsage } from '../run-contender.ts';
import { kafkaToolsJars } from './kafka-jars.ts';

/** Kafka's own ProducerPerformance: sends `rows` records, each one of `payloads`, all replicas acknowledging. Its own figure of the rate. */
export const producerPerformance = async (
  bootstrapServers: string,
  topic: string,
  rows: number,
  payloads: readonly string[],
  compression: string,
): Promise<Run> => {
  const [java, libraries] = await Promise.all([javaProgram(), mavenJars(kafkaToolsJars)]);
  const file = join(tmpdir(), `millrace-payloads-${process.pid}`);
  writeFileSync(file, payloads.join('\n'));
  const props = [
    `bootstrap.servers=${bootstrapServers}`,
    'acks=all',
    `compression.type=${compression}`,
    'batch.size=1000000',
    'linger.ms=5',
    'buffer.memory=67108864',
  ];
  const child = spawn(
    java[0],
    [
      ...java.slice(1),
      ...['-Xmx512m', '-cp', `${libraries}/*`, 'org.apache.kafka.tools.ProducerPerformance'],
      ...['--topic', topic, '--num-records', String(rows), '--throughput', '-1', '--payload-file', file],
      ...['--producer-props', ...props],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  let usage = { cpuSeconds: 0, peakRssMiB: 0 };
  const watch = setInterval(() => (usage = processUsage(child.pid) ?? usage), 5);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const rate = /records sent, ([\d.]+) records\/sec(?!.*records\/sec)/s.exec(output)?.[1];
  if (rate === undefined) throw new Error(`ProducerPerformance: ${output.slice(-2_000)}`);
  return { rows, seconds: rows / Number(rate), ...usage };
};
