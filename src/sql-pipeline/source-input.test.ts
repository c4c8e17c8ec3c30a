import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import { HistorySource, tableOf } from '../testing/sql-history.ts';
import { serverColumns } from './scanned-columns.ts';
import { ScannedTable } from './scanned-table.ts';
import { SourceInput } from './source-input.ts';
import type { InputPlace } from './tick-record.ts';

const never = new AbortController().signal;

const inputOf = (seed: number, transactions: number, random: () => number): SourceInput => {
  const tables = ['t', 'u'].map((name) => {
    const table = tableOf(name);
    const columns = serverColumns(table);
    const input = { columns: new Set(columns.keys()), push: () => {} };
    return [`shop.${name}`, [new ScannedTable(table, columns, input, { name })]] as const;
  });
  const source = new HistorySource(seed, transactions, random);
  return new SourceInput({ identity: 'history', source, tables: new Map(tables), snapshots: true });
};

/** Reads to the end. Gives the places behind each step, and those that were recorded. */
const readAll = async (input: SourceInput): Promise<{ places: InputPlace[]; reached: InputPlace[] }> => {
  const [places, reached]: [InputPlace[], InputPlace[]] = [[], []];
  for await (const step of input.read(never)) {
    step.apply();
    places.push(input.place);
    if (step.reaches) reached.push(input.place);
  }
  return { places, reached };
};

test('an input reaches the places at which ticks ended, however its log is cut when it is read again', async () => {
  const { places } = await readAll(inputOf(1, 200, () => 0.3));
  const begun = places.findIndex(({ lanes }) => lanes['history/log'] !== '0');
  for (const cut of [0, 0.2, 0.99]) {
    const input = inputOf(1, 200, () => cut);
    const recorded = places.slice(begun).filter((_, at) => at % 2 === 1);
    input.resume(places[begun - 1]!, recorded);
    const again = await readAll(input);
    assert.deepEqual(again.reached, recorded);
    assert.deepEqual(again.places.at(-1), places.at(-1));
  }
});

test('a log that holds something else than it did is no way back to a place', async () => {
  const { places } = await readAll(inputOf(1, 60, () => 0.3));
  const begun = places.findIndex(({ lanes }) => lanes['history/log'] !== '0');
  const lost = async (input: SourceInput, from: InputPlace): Promise<void> => {
    input.resume(from, places.slice(begun));
    await assert.rejects(readAll(input), (error) => isMillraceError(error, 'STATE_LOG_LOST'));
  };
  await lost(
    inputOf(2, 60, () => 0.3),
    places[begun - 1]!,
  );
  await lost(
    inputOf(1, 20, () => 0.3),
    places[begun - 1]!,
  );
  await lost(
    inputOf(1, 60, () => 0.3),
    { lanes: {}, rows: 0 },
  );
});
