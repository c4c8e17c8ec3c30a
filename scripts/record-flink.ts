/**
 * Records what a real Flink cluster answers to millrace, for the tests that have none: node scripts/record-flink.ts GATEWAY REST, for example
 * http://127.0.0.1:8083 http://127.0.0.1:8081. The cluster needs checkpoints, a folder for savepoints, and nothing beside Flink itself.
 */
import { writeFileSync } from 'node:fs';
import { systemClock } from '../src/pipeline/system-clock.ts';
import { type Exchange, recordFlink } from '../src/testing/flink-recording.ts';
import { flinkScenario } from '../src/testing/flink-scenario.ts';

const [gateway, rest] = process.argv.slice(2);
if (gateway === undefined || rest === undefined) throw new Error('usage: record-flink.ts GATEWAY REST');

const exchanges: Exchange[] = [];
await using recorder = await recordFlink({ gateway, rest }, exchanges);
const result = await flinkScenario(recorder, systemClock);

/** What is asked over and over until something has happened is kept as its first and its last answer. */
const kept = exchanges.filter((exchange, at) => {
  const same = (other: Exchange | undefined): boolean =>
    other !== undefined && JSON.stringify(other) === JSON.stringify(exchange);
  const earlier = exchanges
    .slice(0, at)
    .filter((other) => other.path === exchange.path && other.method === exchange.method);
  return !same(earlier.at(-1));
});

/** Of a job's description, what is read of it. */
const slim = ({ body, ...exchange }: Exchange): Exchange => {
  if (exchange.role === 'gateway' || exchange.status !== 200) return { ...exchange, body };
  const { vertices, plan, timestamps, 'status-counts': counts, ...rest } = body as Record<string, unknown>;
  return { ...exchange, body: rest };
};

/** Without the frames of stacks, and without where the cluster of the recording keeps its things. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'string')
    return value
      .replaceAll(/\n\t(at |\.\.\. ).*/g, '')
      .replaceAll(/file:\/[^\s"']*\/(savepoints|checkpoints)\//g, 'file:/flink/$1/');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
};

const file = new URL('../src/connectors/flink/testdata/recording.json', import.meta.url);
const info = (await (await fetch(`${rest}/overview`)).json()) as { readonly 'flink-version': string };
writeFileSync(
  file,
  `${JSON.stringify({ flink: info['flink-version'], exchanges: kept.map((exchange) => plain(slim(exchange))) }, null, 1)}\n`,
);
console.log(result, `${kept.length} exchanges`);
