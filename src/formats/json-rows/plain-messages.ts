/**
 * One row a message, as programs write them and as Debezium's ExtractNewRecordState leaves them; the key says which row:
 *
 *     key {"id":7}   value {"id":7,"status":"paid"}      the row as it is now
 *     key {"id":7}   value null                          the row is gone
 *
 * With or without Kafka Connect's `{"schema":{…},"payload":{…}}` around it.
 */
import { Buffer } from 'node:buffer';
import type { ChangeCollector } from './change-collector.ts';
import { type ConnectField, describeStruct } from './connect-schema.ts';
import { inferredVersion } from './inferred-version.ts';
import { expectEnd, isNull, ObjectCursor, OPEN_BRACE, unreadable } from './json-scanner.ts';
import type { Message, MessageReader, Reading } from './message.ts';
import { keyFieldsOf } from './message-key.ts';
import type { MessageTables, TableVersion } from './message-tables.ts';

export class PlainMessages implements MessageReader {
  readonly #tables: MessageTables;
  readonly #changes: ChangeCollector;
  readonly #cursor = new ObjectCursor();

  constructor(tables: MessageTables, changes: ChangeCollector) {
    this.#tables = tables;
    this.#changes = changes;
  }

  read(message: Message): Reading {
    const { value } = message;
    if (value === null || value.length === 0) return this.#delete(message);
    const end = value.length;
    const { row, schema, schemaEnd } = message.schema ? alone : this.#parts(value, end);
    const { finder, replaces } = this.#version(message, value, row, schema, schemaEnd);
    if (replaces !== null) this.#changes.altered(replaces, finder.table, message);
    this.#changes.row(
      finder,
      'create',
      value,
      (places, _, after) => {
        finder.begin();
        finder.find(value, row, end, places, after);
      },
      message,
    );
    return 'taken';
  }

  /** A row that is gone: its key is all that is known of it. */
  #delete(message: Message): Reading {
    const { key, database, table } = message;
    if (key === null || key.length === 0)
      return unreadable('it has neither a value nor a key that says which row is gone');
    const { row } = this.#parts(key, key.length);
    const finder = this.#tables.areDeclared
      ? this.#tables.declared(database, table)
      : this.#tables.known(database, table);
    const version = finder ?? this.#version(message, key, row, 0, 0).finder;
    this.#changes.row(
      version,
      'delete',
      key,
      (places, before) => {
        version.begin();
        version.find(key, row, key.length, places, before);
      },
      message,
    );
    return 'taken';
  }

  /** Where the row's object and its schema stand. An object with other fields than these two is the row itself. */
  #parts(
    bytes: Uint8Array,
    end: number,
  ): { readonly row: number; readonly schema: number; readonly schemaEnd: number } {
    const cursor = this.#cursor;
    let fields = 0;
    let schema = 0;
    let schemaEnd = 0;
    let payload = 0;
    cursor.open(bytes, 0, end);
    while (cursor.next()) {
      const valueEnd = cursor.pass();
      fields += 1;
      if (cursor.keyIs(schemaKey)) {
        schema = cursor.valueStart;
        schemaEnd = valueEnd;
      } else if (cursor.keyIs(payloadKey)) payload = cursor.valueStart;
    }
    expectEnd(bytes, cursor.at, end);
    if (fields !== 2 || schema === 0 || payload === 0) return alone;
    if (bytes[payload] !== OPEN_BRACE) unreadable('its payload is no object');
    return { row: payload, schema: isNull(bytes, schema) ? 0 : schema, schemaEnd };
  }

  #version(message: Message, bytes: Uint8Array, row: number, schema: number, schemaEnd: number): TableVersion {
    const tables = this.#tables;
    const { database, table } = message;
    const keyFields = (): readonly string[] => keyFieldsOf(message.key);
    if (tables.areDeclared) return { finder: tables.declared(database, table), replaces: null };
    const apart = message.schema ?? null;
    if (apart === null && schema === 0) return inferredVersion(tables, database, table, bytes, row, keyFields);
    const described = apart ?? bytes;
    const end = apart === null ? schemaEnd : apart.length;
    return tables.described(database, table, described, schema, end, () => {
      const struct: ConnectField = JSON.parse(Buffer.from(described.subarray(schema, end)).toString('utf8'));
      return describeStruct(struct, keyFields());
    });
  }
}

/** The value is the row. */
const alone = { row: 0, schema: 0, schemaEnd: 0 };
const schemaKey = Buffer.from('"schema"');
const payloadKey = Buffer.from('"payload"');
