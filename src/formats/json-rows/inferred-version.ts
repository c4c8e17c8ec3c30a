import type { ColumnFinder } from './column-finder.ts';
import { describeObject, fitsLook } from './inferred-table.ts';
import { isNull, ObjectCursor } from './json-scanner.ts';
import type { MessageTables, TableVersion } from './message-tables.ts';
import { wholeNumber } from './whole-number.ts';

/** The version of a table that is known by its rows only: as it was, if this row fits it. */
export const inferredVersion = (
  tables: MessageTables,
  database: string,
  name: string,
  value: Uint8Array,
  start: number,
  end: number,
  keyFields: () => readonly string[],
): TableVersion => {
  const known = tables.known(database, name);
  if (known !== null && fits(known, value, start, end)) return { finder: known, replaces: null };
  const cursor = new ObjectCursor();
  cursor.open(value, start, end);
  while (cursor.next()) cursor.pass();
  return tables.inferred(database, name, describeObject(value, start, cursor.at, keyFields(), known));
};

let scratch = new Int32Array(64);

const fits = (finder: ColumnFinder, value: Uint8Array, start: number, end: number): boolean => {
  if (scratch.length < finder.size) scratch = new Int32Array(finder.size * 2);
  finder.begin();
  finder.find(value, start, end, scratch, 0);
  if (finder.unknown.length > 0) return false;
  const { columns } = finder.table;
  for (let column = 0; column < columns.length; column += 1) {
    const at = scratch[column * 2]!;
    if (at === 0 || isNull(value, at)) continue;
    const { type } = columns[column]!;
    const isWhole = (): boolean => !Number.isNaN(wholeNumber(value, at, scratch[column * 2 + 1]!));
    if (!fitsLook(type, value[at]!, isWhole)) return false;
  }
  return true;
};
