/**
 * A process to be killed: writes batches into a SQLite mirror without end, from where the mirror stands. Batch n leaves
 * `round = n` in ten rows of one table and one row more in a table without a key; every fifth comes in two parts.
 */

import { openSqliteSink } from '../connectors/sqlite/sink.ts';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Batch } from '../core/batch.ts';
import type { Change } from '../core/change.ts';
import { position } from '../core/position.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { origin } from './sample-origin.ts';
import { eventsTable, ordersTable } from './sample-tables.ts';

const create = (table: Table, after: readonly Row[]): Change => ({
  kind: 'rows',
  op: 'create',
  table,
  rows: new ArrayRowImages(table, { before: null, after }),
  origin,
});
const batch = (number: number, changes: readonly Change[]): Batch => ({
  changes,
  positions: new Map([['log', position(String(number))]]),
  version: String(number),
});

const log = { debug() {}, info() {}, warn() {}, error() {} };
const never = new AbortController().signal;
const sink = openSqliteSink(process.argv[2]!, { pipeline: 'killed', clock: systemClock, log });
for (let number = Number((await sink.claim('log')) ?? 0) + 1; ; number += 1) {
  const orders = create(
    ordersTable,
    Array.from({ length: 10 }, (_, id) => [id, 'new', number]),
  );
  const events = create(eventsTable, [['written', number]]);
  if (number % 5 === 0) {
    const part = { transaction: String(number), index: 0, last: false };
    await sink.write({ ...batch(number - 1, [orders]), part }, never);
    await sink.write({ ...batch(number, [events]), part: { ...part, index: 1, last: true } }, never);
  } else {
    await sink.write(batch(number, [orders, events]), never);
  }
  process.stdout.write(`${number}\n`);
}
