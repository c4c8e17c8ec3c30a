/**
 * A process to be killed: writes batches to Kafka without end, from where the topic of positions stands. Batch n creates ten rows with
 * the keys n*10 to n*10+9; every fifth comes in two parts.
 *
 * usage: node kafka-writer-process.ts BOOTSTRAP PIPELINE
 */
import { kafkaConfig } from '../connectors/kafka/config.ts';
import { KafkaSink } from '../connectors/kafka/sink.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import { position } from '../core/position.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { origin } from './sample-origin.ts';
import { ordersTable } from './sample-tables.ts';

const [bootstrap, pipeline] = process.argv.slice(2);
const create = (after: readonly Row[]): Change => ({
  kind: 'rows',
  op: 'create',
  table: ordersTable,
  rows: new ArrayRowImages(ordersTable, { before: null, after }),
  origin,
});
const batch = (number: number, changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(String(number))]]),
  version: String(number),
});

const log = { debug() {}, info() {}, warn() {}, error() {} };
const never = new AbortController().signal;
const config = kafkaConfig.parse({ 'properties.bootstrap.servers': bootstrap, topic: pipeline });
const sink = new KafkaSink(config, { pipeline: pipeline!, clock: systemClock, log });
for (let number = Number((await sink.claim('log')) ?? 0) + 1; ; number += 1) {
  const rows = Array.from({ length: 10 }, (_, i): Row => [number * 10 + i, 'new', number]);
  if (number % 5 === 0) {
    const part = { transaction: String(number), index: 0, last: false };
    await sink.write({ ...batch(number - 1, [create(rows.slice(0, 5))]), part }, never);
    await sink.write({ ...batch(number, [create(rows.slice(5))]), part: { ...part, index: 1, last: true } }, never);
  } else {
    await sink.write(batch(number, [create(rows)]), never);
  }
  process.stdout.write(`${number}\n`);
}
