import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../core/errors.ts';
import type { RowKey } from '../operators/incremental/row-key.ts';
import { StateWriter } from '../operators/incremental/state/state-writer.ts';
import type { SqlValue } from '../sql/evaluate/sql-value.ts';
import { bytes, decimal, localTimestamp, plain, type SqlType, string, timestamp } from '../sql/types/sql-type.ts';
import { KeptMoment } from '../state/kept-moment.ts';
import { openState } from '../state/open-state.ts';
import type { Checkpoint, KeptColumn, KeptEntries } from './checkpoint.ts';
import { exportedLines } from './state-export.ts';

type Put = readonly [space: string, key: RowKey, values: (to: StateWriter) => void];

const put =
  (...values: readonly SqlValue[]): Put[2] =>
  (to) => {
    for (const value of values) to.value(value);
  };

/** The lines of a state that holds these entries. */
const exported = async (
  checkpoint: Pick<Checkpoint, 'steps' | 'inputs'>,
  entries: readonly Put[],
  chosen: string | null = null,
): Promise<readonly unknown[]> => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-state-export-'));
  {
    await using state = openState(folder.path);
    const writer = new StateWriter();
    for (const [space, key, values] of entries) {
      writer.key(key);
      const at = writer.take();
      writer.count(0);
      values(writer);
      state.file.space(space).put(at, writer.take());
    }
    const whole: Checkpoint = { run: 'r', tick: 1, name: 'totals', job: 'j', ...checkpoint };
    state.file.commit(JSON.stringify(whole));
  }
  using moment = KeptMoment.open(folder.path)!;
  const lines = [...exportedLines(moment, { folder: folder.path, chosen })];
  return lines.map((line) => JSON.parse(line) as unknown);
};

const columns = (types: Readonly<Record<string, SqlType>>): readonly KeptColumn[] =>
  Object.entries(types).map(([name, type], place) => ({ place, name, type }));

const place = { rows: 0, lanes: {} };
const step = (entries: KeptEntries | null) => ({
  inputs: [],
  steps: [{ fingerprint: 'abcdef0123456789', step: 'some step', states: 1, entries: [entries] }],
});
const space = 'step/abcdef0123456789/0';

test('every type of value stands as in the results of queries, NULL, NaN and the largest numbers too', async () => {
  const samples: readonly (readonly [SqlType, SqlValue, unknown])[] = [
    [plain('BOOLEAN'), true, true],
    [plain('INT'), -7, -7],
    [plain('BIGINT'), 2 ** 53 - 1, 2 ** 53 - 1],
    [plain('BIGINT'), -(2n ** 63n), '-9223372036854775808'],
    [decimal(10, 2), 1250, '12.50'],
    [decimal(10, 2), -5, '-0.05'],
    [decimal(38, 0), 10n ** 37n, `1${'0'.repeat(37)}`],
    [plain('DOUBLE'), 1.5, 1.5],
    [plain('DOUBLE'), Number.NaN, 'NaN'],
    [plain('DOUBLE'), Number.NEGATIVE_INFINITY, '-Infinity'],
    [string(), 'a "b"\nä\ud800', 'a "b"\nä\ud800'],
    [bytes(), new Uint8Array([0, 255]), 'AP8='],
    [plain('DATE'), 19_782, '2024-02-29'],
    [timestamp(3), 1_500_000, '1970-01-01 00:00:01.500'],
    [localTimestamp(0), 0, '1970-01-01 00:00:00'],
    [{ kind: 'ARRAY', element: decimal(4, 1), nullable: true }, [15, null], ['1.5', null]],
    [{ kind: 'ARRAY', element: plain('DOUBLE'), nullable: true }, [Number.NaN, 2], ['NaN', 2]],
    [
      { kind: 'MAP', key: plain('INT'), value: bytes(), nullable: true },
      new Map([[1, new Uint8Array([1])]]),
      { 1: 'AQ==' },
    ],
    [
      {
        kind: 'ROW',
        fields: [
          { name: 'a', type: decimal(3, 1) },
          { name: 'b', type: plain('INT') },
        ],
        nullable: true,
      },
      [25, null],
      { a: '2.5', b: null },
    ],
    [decimal(5, 2), null, null],
  ];
  const named = columns(Object.fromEntries(samples.map(([type], at) => [`c${at}`, type])));
  const shape: KeptEntries = { name: 'groups', start: 'group', columns: named, key: named.slice(0, 2) };
  const [line] = await exported(step(shape), [
    [
      space,
      'k',
      put(
        samples.map(([, value]) => value),
        true,
        3,
        'what functions keep',
      ),
    ],
  ]);
  assert.deepEqual(line, {
    step: 'step some step',
    fingerprint: 'abcdef012345',
    state: 'groups',
    key: { c0: true, c1: -7 },
    entry: { row: Object.fromEntries(samples.map(([, , json], at) => [`c${at}`, json])), count: 3 },
  });
});

test('rows of joins, rankings and set operations have their counts, and columns that nobody reads are left out', async () => {
  const two: readonly KeptColumn[] = [
    { place: 0, name: 'id', type: plain('INT') },
    { place: 2, name: 'id', type: decimal(3, 1) },
  ];
  const of = async (start: KeptEntries['start'], values: Put[2]): Promise<unknown> => {
    const shape: KeptEntries = { name: 'left', start, columns: two, key: two.slice(0, 1) };
    const [line] = (await exported(step(shape), [[space, 1, values]])) as readonly { key: unknown; entry: unknown }[];
    assert.deepEqual(line!.key, { id: 1 });
    return line!.entry;
  };
  const [a, b] = [
    [1, null, 15],
    [1, null, null],
  ];
  const [rowA, rowB] = [
    { id: 1, id_2: '1.5' },
    { id: 1, id_2: null },
  ];
  const both = {
    rows: [
      { row: rowA, count: 2 },
      { row: rowB, count: 1 },
    ],
  };
  assert.deepEqual(await of('bag', put([a!, b!], [2, 1])), both);
  const ordered = (to: StateWriter): void => {
    to.count(2);
    for (const value of [a!, 2, b!, 1]) to.value(value);
  };
  assert.deepEqual(await of('ordered', ordered), both);
  assert.deepEqual(await of('rows', put([b!])), { rows: [{ row: rowB, count: 1 }] });
  const counted = { row: rowA, left: 2, right: 1, count: 1 };
  assert.deepEqual(await of('counted', put(a!, [2, 1, 1])), counted);
});

test('a table says its key though no query reads it, and what only a step understands stands as its bytes', async () => {
  const table = (key: readonly { readonly name: string; readonly isBytes: boolean }[]) => ({
    inputs: [
      {
        identity: 'i',
        place,
        tables: [{ name: 'shop.t', identity: 'f00f00f00f00f00f', columns: columns({ a: string() }), key }],
      },
    ],
  });
  const entry: Put[2] = put(['x'], 1, 1);
  const keyOf = async (key: RowKey, names: Parameters<typeof table>[0]): Promise<unknown> => {
    const rows = [['table/f00f00f00f00f00f/0', key, entry]] as const;
    const [line] = (await exported(table(names), rows, 'shop.t')) as readonly { key: unknown; entry: unknown }[];
    assert.deepEqual(line!.entry, { row: { a: 'x' }, count: 1 });
    return line!.key;
  };
  const id = { name: 'id', isBytes: false };
  assert.deepEqual(await keyOf(7, [id]), { id: 7 });
  assert.deepEqual(await keyOf(2n ** 64n - 1n, [id]), { id: '18446744073709551615' });
  assert.deepEqual(await keyOf('\0ÿ', [{ name: 'b', isBytes: true }]), { b: 'AP8=' });
  assert.deepEqual(await keyOf('["ÿ",1]', [{ name: 'b', isBytes: true }, id]), { b: '/w==', id: 1 });
  assert.deepEqual(await keyOf('1:x', []), { a: 'x' });

  const [line] = (await exported(step(null), [[space, 1, put(true)]])) as readonly object[];
  assert.deepEqual(line, {
    step: 'step some step',
    fingerprint: 'abcdef012345',
    state: '0',
    key: { bytes: 'C4AAAAE=' },
    entry: { bytes: 'AAI=' },
  });
});

test('what was read stays of one moment while the job writes on, which nothing holds up', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-state-export-'));
  await using state = openState(folder.path);
  const writer = new StateWriter();
  const commit = (of: number): void => {
    for (let key = 0; key < 3; key += 1) {
      writer.key(key);
      const at = writer.take();
      writer.count(0);
      for (const value of [[of], 1]) writer.value(value);
      state.file.space(space).put(at, writer.take());
    }
    const shape: KeptEntries = { name: 'rows', start: 'row', columns: columns({ of: plain('INT') }), key: [] };
    state.file.commit(JSON.stringify({ run: 'r', tick: of, job: 'j', ...step(shape) } satisfies Checkpoint));
  };
  const read = (moment: KeptMoment) => exportedLines(moment, { folder: folder.path, chosen: null });
  commit(1);
  {
    using moment = KeptMoment.open(folder.path)!;
    const lines = read(moment);
    let text = lines.next().value!;
    for (const tick of [2, 3]) {
      while (!state.file.settle()) await new Promise((resolve) => setTimeout(resolve, 5));
      commit(tick);
      text += lines.next().value!;
    }
    assert.deepEqual(text.match(/"of":\d/g), ['"of":1', '"of":1', '"of":1']);
  }
  using moment = KeptMoment.open(folder.path)!;
  assert.deepEqual([...read(moment)].join('').match(/"of":\d/g), ['"of":3', '"of":3', '"of":3']);
});

test('an unknown step, a state without types, and an entry that is broken are told by their codes', async () => {
  const shape: KeptEntries = { name: 'rows', start: 'row', columns: [], key: [] };
  const fails = (code: Parameters<typeof isMillraceError>[1], of: Promise<unknown>) =>
    assert.rejects(of, (error) => isMillraceError(error, code));
  await fails('STATE_NOT_FOUND', exported(step(shape), [], 'another step'));
  await fails('STATE_NOT_FOUND', exported(step(shape), [], 'abcde'));
  assert.deepEqual(await exported(step(shape), [], 'abcdef'), []);
  const [{ entries: _, ...before }] = step(shape).steps as [ReturnType<typeof step>['steps'][0]];
  await fails('STATE_NOT_DESCRIBED', exported({ inputs: [], steps: [before] }, []));
  const table = { name: 'shop.t', identity: 'i' };
  await fails('STATE_NOT_DESCRIBED', exported({ inputs: [{ identity: 'i', place, tables: [table] }] }, []));
  await fails('STATE_UNREADABLE', exported(step(shape), [[space, 1, (to) => to.count(77)]]));
});
