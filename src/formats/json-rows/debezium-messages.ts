/**
 * Debezium's envelope, with or without its schema:
 *
 *     {"before":{…}|null,"after":{…}|null,"source":{…,"db":"shop","table":"orders"},"op":"u",…}
 *     {"schema":{…},"payload":{…the same…}}
 */
import { Buffer } from 'node:buffer';
import type { Op } from '../../core/change.ts';
import { defineTable, type Table } from '../../core/table.ts';
import type { ChangeCollector, Fill } from './change-collector.ts';
import type { ColumnFinder } from './column-finder.ts';
import { type ConnectField, describeStruct, fieldOf } from './connect-schema.ts';
import { inferredVersion } from './inferred-version.ts';
import { expectEnd, isNull, ObjectCursor, OPEN_BRACE, QUOTE, unreadable } from './json-scanner.ts';
import type { Message, MessageReader, Reading } from './message.ts';
import { keyFieldsOf } from './message-key.ts';
import type { MessageTables, TableVersion } from './message-tables.ts';
import { RepeatedText } from './repeated-text.ts';

/** Where the parts of an envelope start; 0: it has no such part, or it is null. */
interface Envelope {
  before: number;
  after: number;
  op: number;
  schema: number;
  schemaEnd: number;
  /** What tells records that carry no row from each other. */
  ddl: boolean;
  status: boolean;
  time: boolean;
  fields: number;
}

export class DebeziumMessages implements MessageReader {
  readonly #tables: MessageTables;
  readonly #changes: ChangeCollector;
  readonly #cursor = new ObjectCursor();
  readonly #sourceCursor = new ObjectCursor();
  readonly #databaseText = new RepeatedText();
  readonly #schemaText = new RepeatedText();
  readonly #tableText = new RepeatedText();
  readonly #envelope: Envelope = {
    before: 0,
    after: 0,
    op: 0,
    schema: 0,
    schemaEnd: 0,
    ddl: false,
    status: false,
    time: false,
    fields: 0,
  };
  /** The table that the next message is expected to be of, and where its columns were found. */
  #guess: ColumnFinder | null = null;
  #beforePlaces = new Int32Array(0);
  #afterPlaces = new Int32Array(0);
  /** The table of the message at hand. */
  #database = '';
  #name = '';

  constructor(tables: MessageTables, changes: ChangeCollector) {
    this.#tables = tables;
    this.#changes = changes;
  }

  read(message: Message): Reading {
    const { value } = message;
    if (value === null || value.length === 0) return 'tombstone';
    const end = value.length;
    const envelope = this.#envelope;
    this.#findParts(value, message);
    if (envelope.op === 0) return this.#withoutRow();
    const letter = value[envelope.op + 1]!;
    if (letter === LETTER_T) return this.#truncate(message);
    const op = opOf(letter);
    const { before, after } = envelope;
    const present = op === 'delete' ? before : after;
    if (present === 0) unreadable(`its ${op === 'delete' ? 'before' : 'after'} is missing`);
    const { finder, replaces } = this.#version(message, value, present);
    if (replaces !== null) this.#changes.altered(replaces, finder.table, message);
    // What was noted while the envelope was walked over is right if the table is the one that was expected.
    const guessed = finder === this.#guess;
    if (!guessed) this.#expect(finder);
    const fill: Fill = (places, beforeBase, afterBase) => {
      if (op === 'update' || op === 'delete') {
        if (guessed && before > 0) places.set(this.#beforePlaces, beforeBase);
        else if (before > 0) finder.find(value, before, end, places, beforeBase);
        else keyOnly(finder, value, after, end, places, beforeBase);
      }
      if (op === 'delete') return;
      if (guessed) places.set(this.#afterPlaces, afterBase);
      else finder.find(value, after, end, places, afterBase);
    };
    this.#changes.row(finder, op, value, fill, message);
    return 'taken';
  }

  /** Finds the envelope's parts, beside a schema or not, in one walk over its bytes. */
  #findParts(value: Uint8Array, message: Message): void {
    const cursor = this.#cursor;
    const envelope = this.#envelope;
    const end = value.length;
    let payload = 0;
    this.#clear(message);
    envelope.schema = 0;
    envelope.schemaEnd = 0;
    cursor.open(value, 0, end);
    while (cursor.next()) {
      if (cursor.keyIs(schemaKey)) {
        envelope.schemaEnd = cursor.pass();
        envelope.schema = isNull(value, cursor.valueStart) ? 0 : cursor.valueStart;
      } else if (cursor.keyIs(payloadKey)) {
        cursor.pass();
        payload = cursor.valueStart;
      } else this.#takePart(value, end);
    }
    expectEnd(value, cursor.at, end);
    if (payload === 0 || envelope.op > 0) return;
    this.#clear(message);
    cursor.open(value, payload, end);
    while (cursor.next()) this.#takePart(value, end);
  }

  #takePart(value: Uint8Array, end: number): void {
    const cursor = this.#cursor;
    const envelope = this.#envelope;
    const start = cursor.valueStart;
    const isObject = value[start] === OPEN_BRACE;
    envelope.fields += 1;
    if (cursor.keyIs(sourceKey) && isObject) {
      cursor.passTo(this.#findNames(value, start, end));
      return;
    }
    if (cursor.keyIs(beforeKey) && isObject) {
      envelope.before = start;
      this.#passImage(value, end, this.#beforePlaces);
      return;
    }
    if (cursor.keyIs(afterKey) && isObject) {
      envelope.after = start;
      this.#passImage(value, end, this.#afterPlaces);
      return;
    }
    const behind = cursor.pass();
    if (cursor.keyIs(opKey) && value[start] === QUOTE && behind - start === 3) envelope.op = start;
    else if (cursor.keyIs(ddlKey)) envelope.ddl = true;
    else if (cursor.keyIs(statusKey)) envelope.status = true;
    else if (cursor.keyIs(timeKey)) envelope.time = true;
  }

  /** Passes an image, noting its columns as if it were of the table of the message before, which it mostly is. */
  #passImage(value: Uint8Array, end: number, places: Int32Array): void {
    const cursor = this.#cursor;
    if (this.#guess === null) cursor.pass();
    else cursor.passTo(this.#guess.find(value, cursor.valueStart, end, places, 0));
  }

  #clear(message: Message): void {
    const envelope = this.#envelope;
    this.#database = message.database;
    this.#name = message.table;
    this.#guess?.begin();
    envelope.before = 0;
    envelope.after = 0;
    envelope.op = 0;
    envelope.ddl = false;
    envelope.status = false;
    envelope.time = false;
    envelope.fields = 0;
  }

  /** Debezium's other records: schema changes, transactions, heartbeats. */
  #withoutRow(): Reading {
    const { ddl, status, time, fields } = this.#envelope;
    if (ddl) return 'schema change';
    if (status) return 'transaction';
    return time && fields === 1 ? 'heartbeat' : unreadable('it has no op, so it is no envelope of Debezium');
  }

  /** Reads the names of the table from a source block; gives the place behind it. */
  #findNames(value: Uint8Array, start: number, end: number): number {
    const cursor = this.#sourceCursor;
    let hasSchema = false;
    cursor.open(value, start, end);
    while (cursor.next()) {
      const behind = cursor.pass();
      const at = cursor.valueStart;
      if (value[at] !== QUOTE) continue;
      if (cursor.keyIs(dbKey) && !hasSchema) this.#database = this.#databaseText.read(value, at, behind);
      else if (cursor.keyIs(tableKey)) this.#name = this.#tableText.read(value, at, behind);
      else if (cursor.keyIs(schemaKey)) {
        // PostgreSQL, Oracle and SQL Server: what MySQL calls a database is a schema there.
        this.#database = this.#schemaText.read(value, at, behind);
        hasSchema = true;
      }
    }
    return cursor.at;
  }

  #truncate(message: Message): Reading {
    const tables = this.#tables;
    const finder = tables.areDeclared
      ? tables.declared(this.#database, this.#name)
      : tables.known(this.#database, this.#name);
    // Of a table whose rows were never seen there is nothing to tell the sink but its name.
    const table = finder?.table ?? nameOnly(this.#database, this.#name);
    this.#changes.truncate(table, message);
    return 'taken';
  }

  #expect(finder: ColumnFinder): void {
    this.#guess = finder;
    this.#beforePlaces = new Int32Array(finder.size);
    this.#afterPlaces = new Int32Array(finder.size);
    finder.begin();
  }

  #version(message: Message, value: Uint8Array, present: number): TableVersion {
    const tables = this.#tables;
    const apart = message.schema ?? null;
    const { schema, schemaEnd } = apart === null ? this.#envelope : { schema: 0, schemaEnd: apart.length };
    const described = apart ?? value;
    if (tables.areDeclared) return { finder: tables.declared(this.#database, this.#name), replaces: null };
    const keyFields = (): readonly string[] => keyFieldsOf(message.key);
    if (apart === null && schema === 0)
      return inferredVersion(tables, this.#database, this.#name, value, present, value.length, keyFields);
    return tables.described(this.#database, this.#name, described, schema, schemaEnd, () => {
      const struct: ConnectField = JSON.parse(Buffer.from(described.subarray(schema, schemaEnd)).toString('utf8'));
      return describeStruct(fieldOf(struct, 'after') ?? fieldOf(struct, 'before'), keyFields());
    });
  }
}

const nameOnly = (database: string, name: string): Table =>
  defineTable({ database, name, columns: [], primaryKey: [], uniqueKeys: [], charset: null, comment: null });

/** An update whose before was not sent: the key is what it was, or Debezium would have sent a delete and a create. */
const keyOnly = (
  finder: ColumnFinder,
  value: Uint8Array,
  after: number,
  end: number,
  places: Int32Array,
  base: number,
): void => {
  finder.find(value, after, end, places, base);
  const { columns, primaryKey } = finder.table;
  for (let column = 0; column < columns.length; column += 1) {
    if (!primaryKey.includes(column)) places.fill(0, base + column * 2, base + column * 2 + 2);
  }
};

const opOf = (letter: number): Op => {
  switch (letter) {
    case 0x63:
      return 'create';
    case 0x72:
      return 'read';
    case 0x75:
      return 'update';
    case 0x64:
      return 'delete';
    default:
      return unreadable(`its op is ${JSON.stringify(String.fromCharCode(letter))}, which is none of c, r, u, d and t`);
  }
};

const LETTER_T = 0x74;
const schemaKey = Buffer.from('"schema"');
const payloadKey = Buffer.from('"payload"');
const beforeKey = Buffer.from('"before"');
const afterKey = Buffer.from('"after"');
const sourceKey = Buffer.from('"source"');
const opKey = Buffer.from('"op"');
const ddlKey = Buffer.from('"ddl"');
const statusKey = Buffer.from('"status"');
const dbKey = Buffer.from('"db"');
const tableKey = Buffer.from('"table"');
const timeKey = Buffer.from('"ts_ms"');
