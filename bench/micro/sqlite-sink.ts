/**
 * How fast the SQLite mirror takes rows: 8 mixed columns, groups of 2 000 rows, first all new, then all there already.
 * `node bench/micro/sqlite-sink.ts` prints rows per second of each of five rounds' median.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteSink } from '../../src/connectors/sqlite/sink.ts';
import { ArrayRowImages } from '../../src/core/array-row-images.ts';
import type { Batch } from '../../src/core/batch.ts';
import { position } from '../../src/core/position.ts';
import type { Row } from '../../src/core/value.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { origin } from '../../src/testing/sample-origin.ts';
import { bigint, column, int, table, varchar } from '../../src/testing/sample-tables.ts';

const rowsPerRound = 200_000;
const rowsPerGroup = 2_000;
const rounds = 5;

const customers = table(
  'customers',
  [
    column('id', bigint, { nullable: false }),
    column('name', varchar),
    column('age', int),
    column('balance', { kind: 'decimal', precision: 12, scale: 2, unsigned: false }),
    column('score', { kind: 'double', unsigned: false }),
    column('created', { kind: 'datetime', fsp: 0 }),
    column('token', { kind: 'binary', fixed: true, maxBytes: 16 }),
    column('state', { kind: 'enum', values: ['new', 'active', 'gone'], charset: 'utf8mb4' }),
  ],
  [0],
);
const token = Buffer.alloc(16, 7);

const row = (id: number, round: number): Row => [
  id,
  `customer number ${id}`,
  20 + (id % 60),
  `${id % 1000}.${round}0`,
  id / 7,
  '2026-01-01 10:00:00',
  token,
  'active',
];

const groups = (round: number): Batch[] =>
  Array.from({ length: rowsPerRound / rowsPerGroup }, (_, group) => {
    const after = Array.from({ length: rowsPerGroup }, (_, i) => row(group * rowsPerGroup + i, round));
    const rows = new ArrayRowImages(customers, { before: null, after });
    return {
      changes: [{ kind: 'rows', op: 'create', table: customers, rows, origin }],
      positions: new Map([['log', position(`${round}-${group}`)]]),
      version: '',
    };
  });

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const results: { readonly inserted: number; readonly updated: number }[] = [];
try {
  for (let round = 0; round < rounds; round += 1) {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    await using sink = openSqliteSink(join(folder, `${round}.db`), { pipeline: 'bench', clock: systemClock, log });
    await sink.claim('log');
    const rate = async (batches: readonly Batch[]): Promise<number> => {
      const started = performance.now();
      for (const batch of batches) await sink.write(batch, new AbortController().signal);
      return (rowsPerRound / (performance.now() - started)) * 1000;
    };
    results.push({ inserted: await rate(groups(1)), updated: await rate(groups(2)) });
  }
} finally {
  rmSync(folder, { recursive: true });
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
console.log(`new rows      ${Math.round(median(results.map((result) => result.inserted)))} rows/s`);
console.log(`existing rows ${Math.round(median(results.map((result) => result.updated)))} rows/s`);
