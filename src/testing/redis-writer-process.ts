/**
 * A process to be killed: writes batches into Redis without end, from where the target stands. Batch n leaves `total = n` in ten rows
 * of one table, and in another the row n alone, by a changed key; every fifth comes in two parts. Where the target passes it goes on.
 *
 * usage: node redis-writer-process.ts HOST PORT
 */
import { redisSinkConfig } from '../connectors/redis/sink/config.ts';
import { openRedisSink } from '../connectors/redis/sink/sink.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, Op } from '../core/change.ts';
import type { Sink } from '../core/connector.ts';
import { isMillraceError } from '../core/errors.ts';
import { position } from '../core/position.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { origin } from './sample-origin.ts';
import { ordersTable, table } from './sample-tables.ts';

const [hostname, port] = process.argv.slice(2) as [string, string];
const moving = table('moving', ordersTable.columns, [0]);
const never = new AbortController().signal;
const log = { debug() {}, info() {}, warn() {}, error() {} };

const change = (target: Table, op: Op, before: readonly Row[] | null, after: readonly Row[] | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before, after }),
  origin,
});

const batch = (number: number, changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(String(number))]]),
  version: String(number),
});

const write = async (sink: Sink, number: number): Promise<void> => {
  const all = Array.from({ length: 10 }, (_, id): Row => [id, 'new', number]);
  const written = change(ordersTable, 'create', null, all);
  const moved =
    number === 1
      ? change(moving, 'create', null, [[1, 'here', 1]])
      : change(moving, 'update', [[number - 1, 'here', number - 1]], [[number, 'here', number]]);
  if (number % 5 !== 0) {
    await sink.write(batch(number, [written, moved]), never);
    return;
  }
  const part = { transaction: String(number), index: 0, last: false };
  await sink.write({ ...batch(number - 1, [written]), part }, never);
  await sink.write({ ...batch(number, [moved]), part: { ...part, index: 1, last: true } }, never);
};

for (;;) {
  try {
    const config = redisSinkConfig.parse({ hostname, port });
    await using sink = await openRedisSink(config, { pipeline: 'killed', clock: systemClock, log });
    for (let number = Number((await sink.claim('log')) ?? 0) + 1; ; number += 1) {
      await write(sink, number);
      process.stdout.write(`${number}\n`);
    }
  } catch (error) {
    if (!isMillraceError(error) || !error.retryable) throw error;
    await systemClock.sleep(10);
  }
}
