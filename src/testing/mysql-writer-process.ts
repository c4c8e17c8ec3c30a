/**
 * A process to be killed: writes batches into MySQL without end, from where the target stands. Batch n leaves `total = n` in ten
 * rows of one table, one row more in a table without a key, and in a third the row n alone, by a changed key; every fifth comes
 * in two parts.
 *
 * usage: node mysql-writer-process.ts SETTINGS-AS-JSON DATABASE
 */
import { mysqlSinkConfig } from '../connectors/mysql/sink/config.ts';
import { openMysqlSink } from '../connectors/mysql/sink/sink.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change, Op } from '../core/change.ts';
import { position } from '../core/position.ts';
import { defineTable, type Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { origin } from './sample-origin.ts';
import { eventsTable, ordersTable } from './sample-tables.ts';

const [settings, database] = process.argv.slice(2) as [string, string];
const here = ({ id: _, ...definition }: Table): Table => defineTable({ ...definition, database });
const orders = here(ordersTable);
const events = here(eventsTable);
const moving = here({ ...ordersTable, name: 'moving' });

const change = (table: Table, op: Op, before: readonly Row[] | null, after: readonly Row[] | null): Change => ({
  kind: 'rows',
  op,
  table,
  rows: new ArrayRowImages(table, { before, after }),
  origin,
});
const batch = (number: number, changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(String(number))]]),
  version: String(number),
});

const log = { debug() {}, info() {}, warn() {}, error() {} };
const never = new AbortController().signal;
const sink = await openMysqlSink(mysqlSinkConfig.parse(JSON.parse(settings)), {
  pipeline: 'killed',
  clock: systemClock,
  log,
});
for (let number = Number((await sink.claim('log')) ?? 0) + 1; ; number += 1) {
  const all = Array.from({ length: 10 }, (_, id): Row => [id, 'new', number]);
  const written = change(orders, 'create', null, all);
  const event = change(events, 'create', null, [['written', number]]);
  const moved =
    number === 1
      ? change(moving, 'create', null, [[1, 'here', 1]])
      : change(moving, 'update', [[number - 1, 'here', number - 1]], [[number, 'here', number]]);
  if (number % 5 === 0) {
    const part = { transaction: String(number), index: 0, last: false };
    await sink.write({ ...batch(number - 1, [written]), part }, never);
    await sink.write({ ...batch(number, [event, moved]), part: { ...part, index: 1, last: true } }, never);
  } else {
    await sink.write(batch(number, [written, event, moved]), never);
  }
  process.stdout.write(`${number}\n`);
}
