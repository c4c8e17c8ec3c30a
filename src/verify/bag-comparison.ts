import { hash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { Reader } from '../core/reader.ts';
import type { Row, Value } from '../core/value.ts';
import type { ComparedTable } from './compared-table.ts';
import type { Covering } from './covering.ts';

/** Rows of one value that one side has more often. */
export interface BagDifference {
  readonly row: Row;
  readonly verdict: 'missing' | 'extra' | 'unsettled';
  /** By how many. */
  readonly count: number;
}

export interface BagResult {
  /** Of the source. */
  readonly rows: number;
  readonly differences: readonly BagDifference[];
}

export interface BagOptions {
  readonly table: ComparedTable;
  readonly source: Reader;
  readonly target: Reader;
  readonly covering: Covering;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onRows: (rows: number) => void;
}

/** Sums are kept for so many groups of rows, whatever the size of the table; rows are kept only of groups that differ. */
const groups = 65_536;
const wantedStill = 3;
const maxRounds = 10;

/**
 * Compares rows that have no names, by how often each occurs. Sums over groups of rows tell which groups differ; those are read again
 * row by row, until nothing differs or what differs stands still on both sides while the sink has everything.
 */
export const compareBags = async (options: BagOptions): Promise<BagResult> => {
  const { table, covering, clock, signal, onRows } = options;
  const wanted = await sumGroups(sourceRows(options), onRows);
  await covering.reached(signal);
  const found = await sumGroups(targetRows(options), () => {});
  const suspicious = new Set<number>();
  for (let group = 0; group < groups; group += 1) if (!sameGroup(wanted, found, group)) suspicious.add(group);
  if (suspicious.size === 0 && table.lacking.length === 0) return { rows: wanted.rows, differences: [] };

  let last: Map<string, Net> | null = null;
  let still = 0;
  for (let round = 0; round < maxRounds && still < wantedStill; round += 1) {
    const before = await countRows(sourceRows(options), suspicious);
    await covering.reached(signal);
    const held = await countRows(targetRows(options), suspicious);
    const after = await countRows(sourceRows(options), suspicious);
    const differing = differences(before, held, after);
    if (differing.size === 0) return { rows: wanted.rows, differences: [] };
    still = last !== null && sameDifferences(last, differing) ? still + 1 : 1;
    last = differing;
    await clock.sleep(Math.min(20 * 2 ** round, 500), signal);
    signal.throwIfAborted();
  }
  return {
    rows: wanted.rows,
    differences: [...last!.values()].map(({ row, net, stood }) => ({
      row,
      verdict: still < wantedStill || !stood ? 'unsettled' : net > 0 ? 'missing' : 'extra',
      count: Math.abs(net),
    })),
  };
};

interface Net {
  readonly row: Row;
  /** How many more the source has. */
  readonly net: number;
  /** The source had as many before and after the sink was read. */
  readonly stood: boolean;
}

type Counts = ReadonlyMap<string, { readonly row: Row; readonly count: number }>;

const differences = (before: Counts, held: Counts, after: Counts): Map<string, Net> => {
  const found = new Map<string, Net>();
  for (const name of new Set([...before.keys(), ...held.keys()])) {
    const [first, there, second] = [before, held, after].map((counts) => counts.get(name)?.count ?? 0) as [
      number,
      number,
      number,
    ];
    if (first === there || second === there) continue;
    const { row } = (before.get(name) ?? held.get(name))!;
    found.set(name, { row, net: first - there, stood: first === second });
  }
  return found;
};

const sameDifferences = (one: ReadonlyMap<string, Net>, other: ReadonlyMap<string, Net>): boolean =>
  one.size === other.size &&
  one
    .entries()
    .every(([name, { net, stood }]) => stood && other.get(name)?.net === net && other.get(name)?.stood === true);

interface GroupSums {
  rows: number;
  readonly counts: Uint32Array;
  readonly sums: BigUint64Array;
}

const sumGroups = async (rows: AsyncIterable<readonly Row[]>, onRows: (rows: number) => void): Promise<GroupSums> => {
  const result: GroupSums = { rows: 0, counts: new Uint32Array(groups), sums: new BigUint64Array(groups) };
  for await (const piece of rows) {
    for (const row of piece) {
      const digest = digestOf(row);
      const group = digest.readUInt16LE(0);
      result.counts[group]! += 1;
      result.sums[group]! += digest.readBigUInt64LE(2);
    }
    result.rows += piece.length;
    onRows(piece.length);
  }
  return result;
};

const sameGroup = (one: GroupSums, other: GroupSums, group: number): boolean =>
  one.counts[group] === other.counts[group] && one.sums[group] === other.sums[group];

const countRows = async (rows: AsyncIterable<readonly Row[]>, wanted: ReadonlySet<number>): Promise<Counts> => {
  const counts = new Map<string, { row: Row; count: number }>();
  for await (const piece of rows) {
    for (const row of piece) {
      const digest = digestOf(row);
      if (!wanted.has(digest.readUInt16LE(0))) continue;
      const name = digest.latin1Slice(0, digest.length);
      const known = counts.get(name);
      if (known === undefined) counts.set(name, { row, count: 1 });
      else known.count += 1;
    }
  }
  return counts;
};

/** The source's rows as they should be held, by the columns that both sides have. */
async function* sourceRows({ table, source, signal }: BagOptions): AsyncGenerator<readonly Row[]> {
  for await (const rows of source.scan(table.source, signal)) {
    const expected = await table.expected.from(rows);
    yield expected.map((row) => row && table.comparable(row)).filter((row) => row !== null);
  }
}

async function* targetRows({ table, target, signal }: BagOptions): AsyncGenerator<readonly Row[]> {
  for await (const rows of target.scan(table.target, signal)) yield rows.map((row) => table.comparableHeld(row));
}

const digestOf = (row: Row): Buffer => {
  let text = '';
  for (const value of row) text += textOf(value);
  return hash('sha256', text, 'buffer');
};

/** The length keeps values apart, and a letter their absence from any text. */
const textOf = (value: Value | undefined): string => {
  if (value === null || value === undefined) return 'N';
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
  return `${text.length}:${text}`;
};
