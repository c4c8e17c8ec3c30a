/**
 * Canal's flat messages, each with the rows of one statement, every value a string:
 *
 *     {"data":[{"id":"7",…}],"database":"shop","isDdl":false,"mysqlType":{"id":"int",…},"old":[{…}]|null,"pkNames":["id"],
 *      "table":"orders","type":"UPDATE",…}
 *
 * `old` holds the former values of the columns that changed.
 */
import { Buffer } from 'node:buffer';
import type { Op } from '../../core/change.ts';
import { plainColumn } from '../../core/plain-column.ts';
import type { Column, ColumnType } from '../../core/table.ts';
import type { ChangeCollector } from './change-collector.ts';
import { inferredVersion } from './inferred-version.ts';
import {
  CLOSE_BRACKET,
  COMMA,
  expectEnd,
  isNull,
  ObjectCursor,
  OPEN_BRACKET,
  QUOTE,
  skipBlanks,
  skipValue,
  unreadable,
} from './json-scanner.ts';
import type { Message, MessageReader, Reading } from './message.ts';
import type { Description, MessageTables, TableVersion } from './message-tables.ts';
import { RepeatedText } from './repeated-text.ts';

/** A type as MySQL's catalogue words it (`decimal(10,2) unsigned`); null: no server knows it. */
export type ReadTypeName = (declaration: string) => ColumnType | null;

export class CanalMessages implements MessageReader {
  readonly #tables: MessageTables;
  readonly #changes: ChangeCollector;
  readonly #readTypeName: ReadTypeName;
  readonly #cursor = new ObjectCursor();
  readonly #databaseText = new RepeatedText();
  readonly #tableText = new RepeatedText();
  readonly #typeText = new RepeatedText();

  constructor(tables: MessageTables, changes: ChangeCollector, readTypeName: ReadTypeName) {
    this.#tables = tables;
    this.#changes = changes;
    this.#readTypeName = readTypeName;
  }

  read(message: Message): Reading {
    const { value } = message;
    if (value === null || value.length === 0) return 'tombstone';
    const end = value.length;
    const cursor = this.#cursor;
    let { database, table } = message;
    let type = '';
    let isDdl = false;
    let data = 0;
    let old = 0;
    let types: Range | null = null;
    let keys: Range | null = null;
    cursor.open(value, 0, end);
    while (cursor.next()) {
      const valueEnd = cursor.pass();
      const start = cursor.valueStart;
      const quoted = value[start] === QUOTE;
      if (isNull(value, start)) continue;
      if (cursor.keyIs(dataKey)) data = start;
      else if (cursor.keyIs(oldKey)) old = start;
      else if (cursor.keyIs(databaseKey) && quoted) database = this.#databaseText.read(value, start, valueEnd);
      else if (cursor.keyIs(tableKey) && quoted) table = this.#tableText.read(value, start, valueEnd);
      else if (cursor.keyIs(typeKey) && quoted) type = this.#typeText.read(value, start, valueEnd);
      else if (cursor.keyIs(ddlKey)) isDdl = value[start] === LETTER_T;
      else if (cursor.keyIs(mysqlTypeKey)) types = { start, end: valueEnd };
      else if (cursor.keyIs(pkNamesKey)) keys = { start, end: valueEnd };
    }
    expectEnd(value, cursor.at, end);
    if (type === 'TRUNCATE') return this.#truncate(message, database, table);
    if (isDdl) {
      this.#tables.forget(database, table);
      return 'schema change';
    }
    const op =
      ops.get(type) ?? unreadable(`its type is ${type === '' ? 'missing' : 'none of INSERT, UPDATE and DELETE'}`);
    if (value[data] !== OPEN_BRACKET || data === 0) unreadable('its data is no list of rows');
    if (op === 'update' && value[old] !== OPEN_BRACKET) unreadable('it is an UPDATE without old');
    this.#rows(message, value, op, data, op === 'update' ? old : 0, (row) =>
      this.#version(value, database, table, row, types, keys),
    );
    return 'taken';
  }

  #rows(
    message: Message,
    value: Uint8Array,
    op: Op,
    data: number,
    old: number,
    versionOf: (row: number) => TableVersion,
  ): void {
    const end = value.length;
    let row = skipBlanks(value, data + 1, end);
    let former = old === 0 ? 0 : skipBlanks(value, old + 1, end);
    while (value[row] !== CLOSE_BRACKET) {
      const { finder, replaces } = versionOf(row);
      if (replaces !== null) this.#changes.altered(replaces, finder.table, message);
      const [start, changed] = [row, former];
      if (op === 'update' && value[changed] === CLOSE_BRACKET) unreadable('its old has fewer rows than its data');
      this.#changes.row(
        finder,
        op,
        value,
        (places, before, after) => {
          finder.begin();
          if (op !== 'create') finder.find(value, start, end, places, before);
          if (op === 'update') finder.overlay(value, changed, end, places, before);
          if (op !== 'delete') finder.find(value, start, end, places, after);
        },
        message,
      );
      row = nextItem(value, row, end);
      if (former > 0) former = nextItem(value, former, end);
    }
  }

  #truncate(message: Message, database: string, table: string): Reading {
    const finder = this.#tables.areDeclared
      ? this.#tables.declared(database, table)
      : this.#tables.known(database, table);
    if (finder !== null) this.#changes.truncate(finder.table, message);
    return finder === null ? 'schema change' : 'taken';
  }

  #version(
    value: Uint8Array,
    database: string,
    table: string,
    row: number,
    types: Range | null,
    keys: Range | null,
  ): TableVersion {
    if (this.#tables.areDeclared) return { finder: this.#tables.declared(database, table), replaces: null };
    const keyFields = (): readonly string[] => (keys === null ? [] : parsed(value, keys));
    if (types === null) return inferredVersion(this.#tables, database, table, value, row, value.length, keyFields);
    return this.#tables.described(database, table, value, types.start, types.end, () =>
      this.#describe(parsed(value, types), keyFields()),
    );
  }

  #describe(types: Readonly<Record<string, string>>, keyFields: readonly string[]): Description {
    const names = Object.keys(types);
    const columns = names.map((name): Column => {
      const declaration = types[name]!;
      const type = this.#readTypeName(declaration);
      if (type === null)
        return unreadable(`its mysqlType has ${JSON.stringify(declaration)}, which MySQL does not know`);
      return plainColumn(name, type, { declaration });
    });
    return { columns, key: keyFields, uniqueKeys: [], charset: 'utf8mb4', comment: null };
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const parsed = <Of>(value: Uint8Array, { start, end }: Range): Of =>
  JSON.parse(Buffer.from(value.buffer, value.byteOffset + start, end - start).toString('utf8'));

/** The next value of a list, or its closing bracket. The scanner has been over the list, so that it is well formed. */
const nextItem = (value: Uint8Array, at: number, end: number): number => {
  const behind = skipBlanks(value, skipValue(value, at, end), end);
  return value[behind] === COMMA ? skipBlanks(value, behind + 1, end) : behind;
};

const ops: ReadonlyMap<string, Op> = new Map([
  ['INSERT', 'create'],
  ['UPDATE', 'update'],
  ['DELETE', 'delete'],
]);

const LETTER_T = 0x74;
const dataKey = Buffer.from('"data"');
const oldKey = Buffer.from('"old"');
const databaseKey = Buffer.from('"database"');
const tableKey = Buffer.from('"table"');
const typeKey = Buffer.from('"type"');
const ddlKey = Buffer.from('"isDdl"');
const mysqlTypeKey = Buffer.from('"mysqlType"');
const pkNamesKey = Buffer.from('"pkNames"');
