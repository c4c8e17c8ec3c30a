import type { Key, Reader } from '../core/reader.ts';
import { type Column, qualifiedName, type Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { ExpectedRows, type Step } from './expected-rows.ts';
import { comparableValue, sameValue } from './same-value.ts';

/** Which way two tables are compared. */
export type Method =
  /** Both servers sum up ranges of the key; only ranges that differ are read. */
  | 'checksums'
  /** Both sides are read side by side in key order. */
  | 'rows'
  /** The sides sort keys differently: each row is looked up on the other side. */
  | 'lookups'
  /** There is no key on both sides: rows are counted by their values. */
  | 'bags'
  /** Rows are counted, and nothing is said of any. */
  | 'counts';

/** A source's table and what a sink holds of it, with everything that comparing them takes. */
export interface ComparedTable {
  /** `database.table` at the source. */
  readonly name: string;
  readonly source: Table;
  readonly target: Table;
  readonly expected: ExpectedRows;
  readonly method: Method;
  /** Columns that the sink should have and lacks. */
  readonly lacking: readonly string[];
  /** Rows of other tables are in the target too, so that no row of it can be called one too many. */
  readonly shared: boolean;
  /** Rows need not be in the target; those that are have to be right. */
  readonly holdsSome: boolean;
  /** Whether nothing is held of a row, for what is in it; null: something is of each. */
  readonly leavesOut: ((expected: Row) => boolean) | null;
  /** For `checksums`: the columns of both sides in the same order. */
  readonly summed: { readonly source: readonly number[]; readonly target: readonly number[] };
  /**
   * The sink keeps rows where more columns than their key say, so that a key of its own names a place: what should be there is the
   * row that says so, and nothing where it says another.
   */
  readonly placed: boolean;
  /** What should be held under a key of the sink's, of what should be held of its row. */
  due(expected: Row | null, targetKey: Key): Row | null;
  /** Where a row should be held; null: it cannot be told without the row, or nothing is to be held of it. */
  targetKeyFor(sourceKey: Key, expected: Row | null): Key | null;
  sourceKeyOf(row: Row): Key;
  /** Of a row as the sink holds it. */
  targetKeyOf(row: Row): Key;
  /** Of a row as the sink should hold it. */
  expectedKeyOf(row: Row): Key;
  toSourceKey(targetKey: Key): Key;
  toTargetKey(sourceKey: Key): Key;
  /** Whether a row is held as expected; null: there is none. */
  same(expected: Row | null, held: Row | null): boolean;
  /** The values that are compared of a row as it should be, null for one that should not be held, and of one as it is: equal for equal rows. */
  comparable(expected: Row): Row | null;
  comparableHeld(held: Row): Row;
  /** A row as the sink should hold it, by its own columns; what it does not get stays as `held` has it. */
  toTarget(expected: Row, held: Row | null): Row;
}

/** What stands in the way of comparing a table. */
export interface Absent {
  readonly name: string;
  readonly target: string;
}

export interface ComparedSides {
  readonly source: Reader;
  readonly target: Reader;
  readonly steps: readonly Step[];
  /** How much of rows is compared: `digest` by default. */
  readonly depth?: Depth;
}

/** `keys`: that they are there. `digest`: what is in them, by sums where both sides compute these. `full`: by every row. */
export type Depth = 'keys' | 'digest' | 'full';

/**
 * null: the pipeline hands nothing of this table to the sink's table `targetName`. An Absent one should be in the sink and is not.
 * `index`: which of the table's indexes is compared instead of its rows.
 */
export const compareTable = async (
  sourceTable: Table,
  targetName: string,
  { source, target: targetReader, steps, depth = 'digest' }: ComparedSides,
  shared: boolean,
  index: string | null = null,
): Promise<ComparedTable | Absent | null> => {
  const expected = (await ExpectedRows.of(sourceTable, steps)).find((each) => each.name === targetName);
  if (expected === undefined) return null;
  const { table, copies } = expected;
  const name = qualifiedName(sourceTable);
  const described = await (targetReader.describeAs?.(table) ?? targetReader.describe(table.database, table.name));
  const indexes = index === null ? [] : ((await targetReader.indexesOf?.(table)) ?? []);
  const target = index === null ? described : (indexes.find((each) => each.name === index) ?? null);
  if (target === null) return { name, target: qualifiedName(table) };

  const places = table.columns.map((column) => placeOf(target.columns, column.name));
  const form = targetReader.heldForm?.(target) ?? null;
  const lacking = form === null ? table.columns.filter((_, at) => places[at]! < 0).map((column) => column.name) : [];
  const keyNames = (key: readonly number[], columns: readonly Column[]): string[] =>
    key.map((at) => columns[at]!.name.toLowerCase());
  const [wanted, found] = [keyNames(table.primaryKey, table.columns), keyNames(target.primaryKey, target.columns)];
  const [sourceOrder, targetOrder] = [await source.order(sourceTable), await targetReader.order(target)];
  const sourceKey = sourceTable.primaryKey;
  // By position in the source's key, where the expected row has each part.
  const keyPlaces = sourceKey.map((at) => copies.indexOf(at));
  const placed = targetReader.describeAs !== undefined && found.length > wanted.length;
  const sameKeys = placed
    ? wanted.every((name) => found.includes(name))
    : wanted.toSorted().join() === found.toSorted().join();
  const keyed =
    sourceOrder !== null &&
    targetOrder !== null &&
    wanted.length > 0 &&
    sameKeys &&
    sourceKey.length === wanted.length &&
    keyPlaces.every((place) => place >= 0 && table.primaryKey.includes(place));
  const expectedKey = target.primaryKey.map((at) => placeOf(table.columns, target.columns[at]!.name));
  const toTarget = expectedKey.map((place) => keyPlaces.indexOf(place));
  const toSource = keyPlaces.map((place) => expectedKey.indexOf(place));
  const expectedKeyOf = (row: Row): Key => expectedKey.map((at) => row[at]!);
  const toTargetKey = (key: Key): Key => toTarget.map((at) => key[at]!);
  const holdsSome = targetReader.holdsSome?.(target) ?? false;
  const there = [...table.columns.keys()].filter((at) => places[at]! >= 0);
  // Of what the target owns, it is the source that may be behind.
  const compared = there.filter((at) => !table.columns[at]!.ownedByTarget);
  const comparableForm = (value: Value | undefined, at: number): Value => {
    const { type, ownedByTarget } = target.columns[at]!;
    return ownedByTarget ? null : comparableValue(value, type, type);
  };
  const method = (): Method => {
    if (!keyed) return 'bags';
    const alike = toTarget.every((at, i) => at === i) && sourceOrder.join() === targetOrder.join();
    if (!alike || shared) return 'lookups';
    const sums = source.sums !== undefined && source.sums.kind === targetReader.sums?.kind;
    const plain = compared.every(
      (at) =>
        copies[at] !== null &&
        table.columns[at]!.type.kind === target.columns[places[at]!]!.type.kind &&
        sourceTable.columns[copies[at]!]!.type.kind === table.columns[at]!.type.kind,
    );
    return sums && plain && depth === 'digest' ? 'checksums' : 'rows';
  };
  return {
    name,
    source: sourceTable,
    target,
    expected,
    method: method(),
    lacking,
    shared,
    holdsSome,
    placed,
    due: (row, targetKey) =>
      placed && row !== null && keyName(expectedKeyOf(row)) !== keyName(targetKey) ? null : row,
    targetKeyFor: (key, row) => {
      if (!placed) return toTargetKey(key);
      if (row === null) return null;
      const place = expectedKeyOf(row);
      return place.some((part) => part === null) ? null : place;
    },
    // As if it were there: a row that may have left by now is counted where it has not.
    leavesOut: form?.leavesOut ? (row) => form.of(row, row) === null : null,
    summed: {
      source: compared.map((at) => copies[at] ?? -1),
      target: compared.map((at) => places[at]!),
    },
    sourceKeyOf: (row) => sourceKey.map((at) => row[at]!),
    targetKeyOf: (row) => target.primaryKey.map((at) => row[at]!),
    expectedKeyOf,
    toSourceKey: (key) => toSource.map((at) => key[at]!),
    toTargetKey,
    same: (wantedRow, held) => {
      if (held === null && (wantedRow === null || (form === null && holdsSome))) return true;
      const due = wantedRow === null || form === null ? wantedRow : form.of(wantedRow, held);
      if (wantedRow === null || due === null || held === null) return due === held;
      if (depth === 'keys') return true;
      if (form !== null) {
        return target.columns.every(({ type }, at) => sameValue(due[at], type, held[at], type));
      }
      return compared.every((at) =>
        sameValue(wantedRow[at], table.columns[at]!.type, held[places[at]!], target.columns[places[at]!]!.type),
      );
    },
    comparable: (row) =>
      form === null
        ? compared.map((at) => comparableValue(row[at], table.columns[at]!.type, target.columns[places[at]!]!.type))
        : (form.of(row, row)?.map((value, at) => comparableForm(value, at)) ?? null),
    comparableHeld: (row) =>
      form === null
        ? compared.map((at) =>
            comparableValue(row[places[at]!], target.columns[places[at]!]!.type, table.columns[at]!.type),
          )
        : row.map((value, at) => comparableForm(value, at)),
    toTarget: (wantedRow, held) => {
      if (form !== null) return wantedRow;
      const row = target.columns.map((_, at) => held?.[at] ?? null);
      for (const at of held === null ? there : compared) row[places[at]!] = wantedRow[at] ?? null;
      return row;
    },
  };
};

/** Names of columns differ in more than their case nowhere. */
const placeOf = (columns: readonly Column[], name: string): number => {
  const wanted = name.toLowerCase();
  return columns.findIndex((column) => column.name.toLowerCase() === wanted);
};

/** A name for a key, for maps. */
export const keyName = (key: Key): string => {
  if (key.length === 1 && !(key[0] instanceof Uint8Array)) return String(key[0]);
  return JSON.stringify(
    key.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : String(part))),
  );
};
