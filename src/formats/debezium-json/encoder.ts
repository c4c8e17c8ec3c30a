import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { MysqlOrigin, Op, Origin, RowsChange, SchemaChange, TruncateChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import { putInteger } from '../ascii-digits.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import type { TransactionOrder } from '../transaction-order.ts';
import { planTable, type TablePlan } from './column-plan.ts';
import { jsonString } from './json-string.ts';
import type { DebeziumOptions } from './options.ts';
import { RowWriter } from './row-writer.ts';
import { putSchemaChange, schemaChangeKey } from './schema-change.ts';
import { type SchemaPart, schemaChangeSchemas, tableSchemas } from './schema-part.ts';
import { type SnapshotMarker, SourceBlock } from './source-block.ts';

/** One record of a topic, as places in the buffers it was written to. The same object is handed out for every record. */
export interface DebeziumRecord {
  /** Where the value stands in the output. `start === end`: a tombstone, which has no value. */
  start: number;
  end: number;
  /** Where `{"before":…,"after":…` stands in it, without the brace that would close it. */
  imagesStart: number;
  imagesEnd: number;
  /** The row's number in its event, and the op's letter: an update that changes the key is a delete and a create. */
  row: number;
  op: 'c' | 'u' | 'd' | 'r' | 't';
  /** Where the key stands in the key buffer. `keyStart === keyEnd`: the table has no key. */
  keyStart: number;
  keyEnd: number;
  /** A change of key is a delete and a create, and each names the other's key in a header, at these places of the key buffer. */
  header: '__debezium.newkey' | '__debezium.oldkey' | null;
  headerStart: number;
  headerEnd: number;
}

/** Takes records where a log has keys. Left out, only values are written: one envelope a line. */
export interface RecordSink {
  readonly keys: OutputBuffer;
  record(record: DebeziumRecord): void;
}

export interface RowsExtras {
  /** Takes each record with its key; tombstones are told too. */
  readonly records?: RecordSink;
  /** Snapshot rows say where in the snapshot they stand; 'true' when it is not told. */
  readonly snapshot?: SnapshotMarker;
  /** `provide.transaction.metadata`: counts this change's rows into their transaction. */
  readonly transaction?: TransactionOrder;
}

/** What the records of one change have in common. */
interface Call {
  readonly table: Table;
  readonly origin: MysqlOrigin;
  readonly out: OutputBuffer;
  readonly snapshot: SnapshotMarker;
  readonly now: number;
  readonly transaction: TransactionOrder | undefined;
  readonly records: RecordSink | undefined;
  readonly schemas: SchemaPart | null;
}

/**
 * Changes of MySQL and MariaDB as Debezium's JSON envelopes, byte for byte as its connectors and Kafka Connect's JsonConverter write them:
 *
 *     {"before":…,"after":…,"source":{…},"transaction":null,"op":"c","ts_ms":…,"ts_us":…,"ts_ns":…}
 *
 * or with `schemas` on, where the schema's bytes are made once for each table version and copied before each payload:
 *
 *     {"schema":{…},"payload":{…the same…}}
 *
 * Where ours differ on purpose: JSON columns of a snapshot look like those of the log (Debezium keeps MySQL's blanks there); YEAR 0000 is
 * 0 (Debezium's log reader says 1900); BOOL is a number however the table came about; a NULL stays null where the column has a default
 * (Connect's `replace.null.with.default=false`); an absent value is not made up.
 */
export class DebeziumJsonEncoder {
  readonly #options: DebeziumOptions;
  readonly #source: SourceBlock;
  readonly #plans = new Map<string, TablePlan>();
  #table: Table | null = null;
  #plan: TablePlan | null = null;
  /** The schemas of `#table`'s records, for servers of `#schemasFlavor`. */
  #schemas: SchemaPart | null = null;
  #schemasFlavor: MysqlOrigin['flavor'] | null = null;
  readonly #allSchemas = new Map<string, SchemaPart>();
  readonly #lineEnd: Uint8Array;
  #writer: RowWriter | null = null;
  #writerOut: OutputBuffer | null = null;
  #before = new Int32Array(64);
  #after = new Int32Array(64);
  /** Where the last row's source block and tail stand in the output, for the next row of the change to copy; -1: there is none. */
  #sourceStart = -1;
  #sourceEnd = 0;
  #tailStart = 0;
  #tailEnd = 0;
  /** The transaction whose rows were numbered last, and its name as JSON. */
  #order: TransactionOrder | null = null;
  #orderId: Buffer = jsonString('');
  /** Where the op's letter is in the tail. */
  #tailOp = 0;
  readonly #record: DebeziumRecord = {
    start: 0,
    end: 0,
    imagesStart: 0,
    imagesEnd: 0,
    row: 0,
    op: 'c',
    keyStart: 0,
    keyEnd: 0,
    header: null,
    headerStart: 0,
    headerEnd: 0,
  };

  constructor(options: DebeziumOptions) {
    this.#options = options;
    this.#source = new SourceBlock(options);
    this.#lineEnd = options.schemas === true ? schemaLineEnd : lineEnd;
  }

  /** Writes an envelope and a line feed for each row; an update that changes the key is a delete and a create, as in Debezium. */
  encodeRows(change: RowsChange, out: OutputBuffer, extras: RowsExtras = {}): void {
    const { rows, op, table } = change;
    const plan = this.#planFor(table);
    const writer = this.#writerFor(out, plan);
    const origin = mysqlOrigin(change.origin);
    const schemas = this.#schemasFor(plan, origin.flavor);
    const call: Call = {
      table,
      origin,
      out,
      snapshot: op === 'read' ? (extras.snapshot ?? 'true') : 'false',
      now: this.#options.now(),
      transaction: extras.transaction,
      records: extras.records,
      schemas,
    };
    this.#sourceStart = -1;
    for (let row = 0; row < rows.length; row += 1) {
      const start = out.length;
      if (schemas !== null) out.append(schemas.value);
      out.reserve(64);
      out.length = put(out, op === 'create' || op === 'read' ? beforeNull : beforeName);
      if (op === 'update' || op === 'delete') {
        writer.begin(this.#before);
        rows.write(row, 'before', writer);
        writer.end();
        out.reserve(32);
        out.length = put(out, op === 'delete' ? afterNull : afterName);
      }
      const middle = out.length;
      if (op !== 'delete') {
        writer.begin(this.#after);
        rows.write(row, 'after', writer);
        writer.end();
      }
      if (op === 'update' && plan.keyColumns.length > 0 && this.#keyChanged(out.bytes, plan)) {
        this.#splitKeyChange(call, row, start, middle);
        continue;
      }
      const imagesEnd = out.length;
      this.#finish(call, row, op);
      if (call.records !== undefined) {
        this.#record.imagesEnd = imagesEnd;
        this.#record.row = row;
        this.#tellRecord(call.records, call, op, start, plan);
      }
    }
  }

  /** Op `t`: no row, no key. */
  encodeTruncate(change: TruncateChange, out: OutputBuffer, extras: Pick<RowsExtras, 'records'> = {}): void {
    const origin = mysqlOrigin(change.origin);
    const start = out.length;
    if (this.#options.schemas === true) {
      out.append(this.#schemasFor(this.#planFor(change.table), origin.flavor)!.value);
    }
    const imagesStart = out.length;
    out.reserve(64);
    out.length = put(out, beforeNull);
    out.append(nullBytes);
    const imagesEnd = out.length;
    out.append(comma);
    const { database, name } = change.table;
    // Debezium takes the time of a statement in milliseconds.
    const micros = Math.floor(origin.commitMicros / 1_000) * 1_000;
    this.#source.write(out, origin, database, name, 'false', micros);
    out.append(Buffer.from('0,"thread":null,"query":null},"transaction":null,"op":"t",'));
    out.reserve(tailReserve);
    out.length = putAt(out.bytes, putTimes(out.bytes, out.length, this.#options.now()), this.#lineEnd);
    if (extras.records === undefined) return;
    const at = extras.records.keys.length;
    const places = { keyStart: at, keyEnd: at, header: null, headerStart: at, headerEnd: at };
    const images = { imagesStart, imagesEnd, row: 0, op: 't' } as const;
    extras.records.record(Object.assign(this.#record, places, images, { start, end: out.length - 1 }));
  }

  /** The record of the topic that Debezium keeps for schema changes, which is another than the tables'. */
  encodeSchemaChange(change: SchemaChange, out: OutputBuffer, extras: Pick<RowsExtras, 'records'> = {}): void {
    const start = out.length;
    const origin = mysqlOrigin(change.origin);
    const schemas = this.#options.schemas === true ? schemaChangeSchemas(origin.flavor) : null;
    if (schemas !== null) out.append(schemas.value);
    putSchemaChange(out, this.#source, change, origin, this.#options.now());
    if (schemas !== null) out.append(closeBrace);
    out.append(lineFeed);
    if (extras.records === undefined) return;
    const { keys } = extras.records;
    const keyStart = keys.length;
    if (schemas !== null) keys.append(schemas.key);
    keys.append(schemaChangeKey((change.after ?? change.before)?.database ?? ''));
    if (schemas !== null) keys.append(closeBrace);
    const places = { keyStart, keyEnd: keys.length, header: null, headerStart: keyStart, headerEnd: keyStart };
    extras.records.record(Object.assign(this.#record, places, { start, end: out.length - 1 }));
  }

  #planFor(table: Table): TablePlan {
    if (table === this.#table) return this.#plan!;
    let plan = this.#plans.get(table.id);
    if (plan === undefined) {
      // Versions pile up with every schema change; what is dropped here is made again when needed.
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      plan = planTable(table, this.#options);
      this.#plans.set(table.id, plan);
    }
    const places = table.columns.length + 1;
    if (this.#before.length < places) {
      this.#before = new Int32Array(places * 2);
      this.#after = new Int32Array(places * 2);
    }
    this.#table = table;
    this.#plan = plan;
    this.#schemasFlavor = null;
    this.#writer?.use(plan);
    return plan;
  }

  /** Null: the records go without their schemas. */
  #schemasFor(plan: TablePlan, flavor: MysqlOrigin['flavor']): SchemaPart | null {
    if (this.#options.schemas !== true) return null;
    if (flavor === this.#schemasFlavor) return this.#schemas;
    const id = `${flavor} ${plan.table.id}`;
    let schemas = this.#allSchemas.get(id);
    if (schemas === undefined) {
      if (this.#allSchemas.size >= maxPlans) this.#allSchemas.clear();
      schemas = tableSchemas(plan, this.#options, flavor);
      this.#allSchemas.set(id, schemas);
    }
    this.#schemas = schemas;
    this.#schemasFlavor = flavor;
    return schemas;
  }

  #writerFor(out: OutputBuffer, plan: TablePlan): RowWriter {
    if (this.#writer === null || this.#writerOut !== out) {
      this.#writer = new RowWriter(out, plan);
      this.#writerOut = out;
    }
    return this.#writer;
  }

  /** Everything behind the images: `,"source":{…},"transaction":…,"op":…,"ts_…}` and a line feed. */
  #finish(call: Call, row: number, op: Op): void {
    const { table, origin, out, snapshot, transaction } = call;
    if (this.#sourceStart < 0 || transaction !== undefined) {
      out.reserve(1);
      out.bytes[out.length] = COMMA;
      out.length += 1;
      this.#sourceStart = out.length;
      this.#source.write(out, origin, table.database, table.name, snapshot, origin.commitMicros);
      this.#sourceEnd = out.length;
      out.reserve(32);
      out.length = putInteger(out.bytes, out.length, row);
      this.#tailStart = out.length;
      this.#putTail(call, op);
      this.#tailEnd = out.length;
      return;
    }
    // Only the row's number and the op differ from the row before.
    const comma = this.#sourceStart - 1;
    out.reserve(this.#tailEnd - comma + 16);
    const { bytes } = out;
    const moved = out.length - comma;
    bytes.copyWithin(out.length, comma, this.#tailEnd);
    this.#sourceStart += moved;
    this.#sourceEnd += moved;
    const tailStart = putInteger(bytes, this.#sourceEnd, row);
    // A number with more digits than the last one's has overwritten the tail's beginning.
    if (tailStart !== this.#tailStart + moved) bytes.copyWithin(tailStart, this.#tailStart, this.#tailEnd);
    bytes[tailStart + this.#tailOp] = opLetter[op];
    this.#tailEnd += tailStart - this.#tailStart;
    this.#tailStart = tailStart;
    out.length = this.#tailEnd;
  }

  #putTail({ table, origin, out, now, transaction }: Call, op: Op): void {
    const query = this.#options.includeQuery && origin.query !== null ? jsonString(origin.query) : nullBytes;
    if (transaction !== undefined && transaction !== this.#order) {
      this.#order = transaction;
      this.#orderId = jsonString(transaction.id);
    }
    out.reserve(query.length + this.#orderId.length + tailReserve);
    const { bytes } = out;
    const start = out.length;
    let at = putAt(bytes, start, threadName);
    at = origin.thread === null ? putAt(bytes, at, nullBytes) : putInteger(bytes, at, origin.thread);
    at = putAt(bytes, at, queryName);
    at = putAt(bytes, at, query);
    at = putAt(bytes, at, transactionName);
    at =
      transaction === undefined ? putAt(bytes, at, nullBytes) : putOrder(bytes, at, this.#orderId, transaction, table);
    at = putAt(bytes, at, opName);
    this.#tailOp = at - start;
    bytes[at] = opLetter[op];
    at = putAt(bytes, at + 1, quoteComma);
    at = putTimes(bytes, at, now);
    out.length = putAt(bytes, at, this.#lineEnd);
  }

  #keyChanged(bytes: Uint8Array, { keyColumns }: TablePlan): boolean {
    for (const column of keyColumns) {
      const from = this.#before[column]!;
      const to = this.#after[column]!;
      const length = this.#before[column + 1]! - from;
      if (this.#after[column + 1]! - to !== length) return true;
      // The first column's comma has become a brace in both.
      for (let i = 0; i < length; i += 1) if (bytes[from + i] !== bytes[to + i]) return true;
    }
    return false;
  }

  /** Writes the update that stands in the output from `start` anew, as a delete under the old key and a create under the new. */
  #splitKeyChange(call: Call, row: number, start: number, middle: number): void {
    const { out, records, schemas } = call;
    const plan = this.#plan!;
    const image = Buffer.from(out.bytes.subarray(middle, out.length));
    const keys = records?.keys;
    const newKey = keys === undefined ? null : this.#putKey(keys, out.bytes, plan, this.#after, schemas);
    const newKeyEnd = keys?.length ?? 0;
    const oldKey = keys === undefined ? null : this.#putKey(keys, out.bytes, plan, this.#before, schemas);
    const oldKeyEnd = keys?.length ?? 0;
    out.length = middle - afterName.length;
    out.append(afterNull);
    const deletedImagesEnd = out.length;
    this.#finish(call, row, 'delete');
    const deleted = out.length;
    if (schemas !== null) out.append(schemas.value);
    out.append(beforeNull);
    out.append(image);
    const imagesEnd = out.length;
    this.#finish(call, row, 'create');
    if (records === undefined || newKey === null || oldKey === null) return;
    const before = schemas?.value.length ?? 0;
    this.#record.row = row;
    // A header has the key alone.
    const ahead = schemas?.key.length ?? 0;
    const behind = schemas === null ? 0 : 1;
    const old = {
      imagesStart: start + before,
      imagesEnd: deletedImagesEnd,
      op: 'd',
      keyStart: oldKey,
      keyEnd: oldKeyEnd,
      header: '__debezium.newkey',
      headerStart: newKey + ahead,
      headerEnd: newKeyEnd - behind,
    } as const;
    records.record(Object.assign(this.#record, old, { start, end: deleted - 1 }));
    records.record(Object.assign(this.#record, { start: deleted - 1, end: deleted - 1 }));
    const created = {
      imagesStart: deleted + before,
      imagesEnd,
      op: 'c',
      keyStart: newKey,
      keyEnd: newKeyEnd,
      header: '__debezium.oldkey',
      headerStart: oldKey + ahead,
      headerEnd: oldKeyEnd - behind,
    } as const;
    records.record(Object.assign(this.#record, created, { start: deleted, end: out.length - 1 }));
  }

  #tellRecord(records: RecordSink, { out, schemas }: Call, op: Op, start: number, plan: TablePlan): void {
    const { keys } = records;
    const target = this.#record;
    target.keyStart = this.#putKey(keys, out.bytes, plan, op === 'delete' ? this.#before : this.#after, schemas);
    target.keyEnd = keys.length;
    target.header = null;
    target.op = opText[op];
    target.imagesStart = start + (schemas?.value.length ?? 0);
    target.start = start;
    target.end = out.length - 1;
    records.record(target);
    if (op !== 'delete') return;
    target.start = target.end;
    records.record(target);
  }

  /** `{"a":1,"b":"x"}` of the key's columns in the key's order, cut from the image just written. Gives where it starts. */
  #putKey(
    keys: OutputBuffer,
    bytes: Buffer,
    { keyColumns }: TablePlan,
    marks: Int32Array,
    schemas: SchemaPart | null,
  ): number {
    const start = keys.length;
    if (keyColumns.length === 0) return start;
    if (schemas !== null) keys.append(schemas.key);
    const brace = keys.length;
    for (const column of keyColumns) {
      keys.reserve(1);
      const at = keys.length;
      keys.appendPart(bytes, marks[column]!, marks[column + 1]!);
      keys.bytes[at] = COMMA;
    }
    keys.bytes[brace] = OPEN_BRACE;
    keys.append(schemas === null ? closeBrace : twoBraces);
    return start;
  }
}

const mysqlOrigin = (origin: Origin): MysqlOrigin => {
  assert(origin.kind === 'mysql', 'the Debezium MySQL envelope describes changes of MySQL and MariaDB only');
  return origin;
};

/** Copies a constant to the output's end, for which room is reserved, and gives the place behind it. */
const put = (out: OutputBuffer, constant: Uint8Array): number => putAt(out.bytes, out.length, constant);

const putAt = (bytes: Uint8Array, place: number, constant: Uint8Array): number => {
  let at = place;
  for (let i = 0; i < constant.length; i += 1) {
    bytes[at] = constant[i]!;
    at += 1;
  }
  return at;
};

/** `"ts_ms":…,"ts_us":…,"ts_ns":…` for the time of encoding. */
const putTimes = (bytes: Uint8Array, place: number, now: number): number => {
  let at = putAt(bytes, place, millisName);
  at = putInteger(bytes, at, Math.floor(now / 1_000));
  at = putAt(bytes, at, microsName);
  const micros = at;
  at = putInteger(bytes, at, now);
  const width = at - micros;
  at = putAt(bytes, at, nanosName);
  bytes.copyWithin(at, micros, micros + width);
  return putAt(bytes, at + width, threeZeros);
};

/** `{"id":"…","total_order":…,"data_collection_order":…}` of the next record. */
const putOrder = (bytes: Uint8Array, place: number, id: Uint8Array, order: TransactionOrder, table: Table): number => {
  order.next(table);
  let at = putAt(bytes, place, idName);
  at = putAt(bytes, at, id);
  at = putAt(bytes, at, totalName);
  at = putInteger(bytes, at, order.total);
  at = putAt(bytes, at, ofTableName);
  at = putInteger(bytes, at, order.ofTable);
  bytes[at] = CLOSE_BRACE;
  return at + 1;
};

/** What a tail takes beside the query and the transaction's name. */
const tailReserve = 384;
const maxPlans = 4_096;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const opText = { create: 'c', update: 'u', delete: 'd', read: 'r' } as const satisfies Record<Op, string>;
const opLetter = { create: 0x63, update: 0x75, delete: 0x64, read: 0x72 } as const satisfies Record<Op, number>;
const beforeNull = Buffer.from('{"before":null,"after":');
const beforeName = Buffer.from('{"before":');
const afterName = Buffer.from(',"after":');
const afterNull = Buffer.from(',"after":null');
const nullBytes = Buffer.from('null');
const comma = Buffer.from(',');
const threadName = Buffer.from(',"thread":');
const queryName = Buffer.from(',"query":');
const transactionName = Buffer.from('},"transaction":');
const idName = Buffer.from('{"id":');
const totalName = Buffer.from(',"total_order":');
const ofTableName = Buffer.from(',"data_collection_order":');
const opName = Buffer.from(',"op":"');
const quoteComma = Buffer.from('",');
const millisName = Buffer.from('"ts_ms":');
const microsName = Buffer.from(',"ts_us":');
const nanosName = Buffer.from(',"ts_ns":');
const threeZeros = Buffer.from('000');
const lineEnd = Buffer.from('}\n');
const schemaLineEnd = Buffer.from('}}\n');
const lineFeed = Buffer.from('\n');
const closeBrace = Buffer.from('}');
const twoBraces = Buffer.from('}}');
