/**
 * Maxwell's messages, one row each:
 *
 *     {"database":"shop","table":"orders","type":"update","ts":…,"xid":…,"data":{"id":7,…},"old":{"status":"new"},
 *      "primary_key_columns":["id"]}
 *     key: {"database":"shop","table":"orders","pk.id":7}
 *
 * `old` holds the former values of the columns that changed.
 */
import { Buffer } from 'node:buffer';
import type { Op } from '../../core/change.ts';
import type { ChangeCollector } from './change-collector.ts';
import { inferredVersion } from './inferred-version.ts';
import { expectEnd, isNull, ObjectCursor, OPEN_BRACE, OPEN_BRACKET, QUOTE, unreadable } from './json-scanner.ts';
import type { Message, MessageReader, Reading } from './message.ts';
import { keyFieldsOf } from './message-key.ts';
import type { MessageTables, TableVersion } from './message-tables.ts';
import { RepeatedText } from './repeated-text.ts';

export class MaxwellMessages implements MessageReader {
  readonly #tables: MessageTables;
  readonly #changes: ChangeCollector;
  readonly #cursor = new ObjectCursor();
  readonly #databaseText = new RepeatedText();
  readonly #tableText = new RepeatedText();
  readonly #typeText = new RepeatedText();

  constructor(tables: MessageTables, changes: ChangeCollector) {
    this.#tables = tables;
    this.#changes = changes;
  }

  read(message: Message): Reading {
    const { value } = message;
    if (value === null || value.length === 0) return 'tombstone';
    const end = value.length;
    const cursor = this.#cursor;
    let { database, table } = message;
    let type = '';
    let data = 0;
    let old = 0;
    let keys: readonly string[] | null = null;
    cursor.open(value, 0, end);
    while (cursor.next()) {
      const valueEnd = cursor.pass();
      const start = cursor.valueStart;
      const quoted = value[start] === QUOTE;
      if (isNull(value, start)) continue;
      if (cursor.keyIs(dataKey) && value[start] === OPEN_BRACE) data = start;
      else if (cursor.keyIs(oldKey) && value[start] === OPEN_BRACE) old = start;
      else if (cursor.keyIs(databaseKey) && quoted) database = this.#databaseText.read(value, start, valueEnd);
      else if (cursor.keyIs(tableKey) && quoted) table = this.#tableText.read(value, start, valueEnd);
      else if (cursor.keyIs(typeKey) && quoted) type = this.#typeText.read(value, start, valueEnd);
      else if (cursor.keyIs(keyColumnsKey) && value[start] === OPEN_BRACKET) {
        keys = JSON.parse(Buffer.from(value.buffer, value.byteOffset + start, valueEnd - start).toString('utf8'));
      }
    }
    expectEnd(value, cursor.at, end);
    if (/^(table|database)-/.test(type)) return 'schema change';
    if (type === 'bootstrap-start' || type === 'bootstrap-complete' || type === 'heartbeat') return 'heartbeat';
    const op =
      ops.get(type) ?? unreadable(`its type is ${type === '' ? 'missing' : `${type}, which Maxwell does not write`}`);
    if (data === 0) unreadable('it has no data');
    const keyFields = (): readonly string[] => keys ?? keyColumnsOf(message.key);
    const { finder, replaces } = this.#version(value, database, table, data, keyFields);
    if (replaces !== null) this.#changes.altered(replaces, finder.table, message);
    this.#changes.row(
      finder,
      op,
      value,
      (places, before, after) => {
        finder.begin();
        if (op === 'update' || op === 'delete') finder.find(value, data, end, places, before);
        if (op === 'update' && old > 0) finder.overlay(value, old, end, places, before);
        if (op !== 'delete') finder.find(value, data, end, places, after);
      },
      message,
    );
    return 'taken';
  }

  #version(
    value: Uint8Array,
    database: string,
    table: string,
    data: number,
    keyFields: () => readonly string[],
  ): TableVersion {
    if (this.#tables.areDeclared) return { finder: this.#tables.declared(database, table), replaces: null };
    return inferredVersion(this.#tables, database, table, value, data, value.length, keyFields);
  }
}

/** The columns behind the `pk.` fields of a key. */
const keyColumnsOf = (key: Uint8Array | null): readonly string[] =>
  keyFieldsOf(key)
    .filter((name) => name.startsWith('pk.'))
    .map((name) => name.slice(3));

const ops: ReadonlyMap<string, Op> = new Map([
  ['insert', 'create'],
  ['bootstrap-insert', 'read'],
  ['update', 'update'],
  ['delete', 'delete'],
]);

const dataKey = Buffer.from('"data"');
const oldKey = Buffer.from('"old"');
const databaseKey = Buffer.from('"database"');
const tableKey = Buffer.from('"table"');
const typeKey = Buffer.from('"type"');
const keyColumnsKey = Buffer.from('"primary_key_columns"');
