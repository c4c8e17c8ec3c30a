/**
 * One row a message, as programs write them and as Debezium's ExtractNewRecordState leaves them; the key says which row:
 *
 *     key {"id":7}   value {"id":7,"status":"paid"}      the row as it is now
 *     key {"id":7}   value {"status":"paid"}             the same: what the row lacks of its key is taken from there
 *     key {"id":7}   value null                          the row is gone
 *
 * With or without Kafka Connect's `{"schema":{…},"payload":{…}}` around it.
 */
import { Buffer } from 'node:buffer';
import type { Op } from '../../core/change.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { ChangeCollector } from './change-collector.ts';
import { type ConnectField, describeStruct } from './connect-schema.ts';
import { inferredVersion } from './inferred-version.ts';
import { unreadable } from './json-scanner.ts';
import type { Message, MessageReader, Reading } from './message.ts';
import type { MessageTables, TableVersion } from './message-tables.ts';
import { type Payload, rowOf } from './payload.ts';
import { type KeyedRow, type KeyUse, RowKey } from './row-key.ts';

export class PlainMessages implements MessageReader {
  readonly #tables: MessageTables;
  readonly #changes: ChangeCollector;
  readonly #key: RowKey;
  /** Tables of which a row lacked a column of its key: their rows are read together with their keys. */
  readonly #lackKeys = new Set<string>();

  constructor(tables: MessageTables, changes: ChangeCollector, key: KeyUse = { form: 'json', fields: null }) {
    this.#tables = tables;
    this.#changes = changes;
    this.#key = new RowKey(key);
  }

  read(message: Message): Reading {
    const { value, database, table } = message;
    if (value === null || value.length === 0) return this.#delete(message);
    if (this.#key.isAlwaysRead) return this.#readWithKey(message, value);
    const hasKey = message.key !== null && message.key.length > 0;
    if (hasKey && this.#lackKeys.size > 0 && this.#lackKeys.has(`${database}\0${table}`)) {
      return this.#readWithKey(message, value);
    }
    try {
      return this.#readAlone(message, value);
    } catch (error) {
      if (!hasKey || !this.#key.canBeRow || !isMillraceError(error, 'FORMAT_KEY_MISSING')) throw error;
      const reading = this.#readWithKey(message, value);
      this.#lackKeys.add(`${database}\0${table}`);
      return reading;
    }
  }

  #readAlone(message: Message, value: Uint8Array): Reading {
    const { start, schema } = message.schema ? { start: 0, schema: message.schema } : rowOf(value, value.length);
    const version = this.#version(message, value, start, value.length, schema, () => structOf(schema!));
    this.#take(version, 'create', value, start, value.length, message);
    return 'taken';
  }

  #readWithKey(message: Message, value: Uint8Array): Reading {
    this.#takeKeyed('create', this.#key.joinedRow(message, value), message);
    return 'taken';
  }

  /** A row that is gone: its key is all that is known of it. */
  #delete(message: Message): Reading {
    const { key, database, table } = message;
    if (key === null || key.length === 0 || !this.#key.canBeRow) {
      return unreadable('it has neither a value nor a key that says which row is gone');
    }
    const row = this.#key.row(message);
    const finder = this.#tables.areDeclared ? null : this.#tables.known(database, table);
    if (finder === null) this.#takeKeyed('delete', row, message);
    else this.#take({ finder, replaces: null }, 'delete', row.bytes, 0, row.end, message);
    return 'taken';
  }

  #takeKeyed(op: Op, { bytes, end, struct }: KeyedRow, message: Message): void {
    const schema = struct === null ? null : bytes.subarray(end);
    const version = this.#version(message, bytes, 0, end, schema, struct!);
    this.#take(version, op, bytes, 0, end, message);
  }

  #take(
    { finder, replaces }: TableVersion,
    op: Op,
    bytes: Uint8Array,
    start: number,
    end: number,
    message: Message,
  ): void {
    if (replaces !== null) this.#changes.altered(replaces, finder.table, message);
    this.#changes.row(
      finder,
      op,
      bytes,
      (places, before, after) => {
        finder.begin();
        finder.find(bytes, start, end, places, op === 'delete' ? before : after);
      },
      message,
    );
  }

  /** `schema`: the bytes that describe the row; null: nothing does but its look. */
  #version(
    message: Message,
    bytes: Uint8Array,
    start: number,
    end: number,
    schema: Payload['schema'],
    struct: () => ConnectField,
  ): TableVersion {
    const tables = this.#tables;
    const { database, table } = message;
    const keyFields = (): readonly string[] => this.#key.namesOf(message);
    if (tables.areDeclared) return { finder: tables.declared(database, table), replaces: null };
    if (schema === null) return inferredVersion(tables, database, table, bytes, start, end, keyFields);
    return tables.described(database, table, schema, 0, schema.length, () => describeStruct(struct(), keyFields()));
  }
}

const structOf = (schema: Uint8Array): ConnectField => JSON.parse(Buffer.from(schema).toString('utf8'));
