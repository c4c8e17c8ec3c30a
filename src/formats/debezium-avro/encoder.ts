import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { MysqlOrigin, Op, RowsChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import { planTable, type TablePlan } from '../debezium-json/column-plan.ts';
import type { DebeziumRecord, RecordSink } from '../debezium-json/encoder.ts';
import type { DebeziumOptions } from '../debezium-json/options.ts';
import { columnsWithDefault, tableSchemaTexts } from '../debezium-json/schema-part.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import type { TransactionOrder } from '../transaction-order.ts';
import { avroLong, avroText, putLong } from './avro-bytes.ts';
import { avroRowSchema, avroSchema } from './avro-schema.ts';
import { AvroRowWriter } from './row-writer.ts';

/** The schemas of a table version's records, as Avro's JSON; key null: the table has no key. */
export interface AvroSchemas {
  readonly key: string | null;
  readonly value: string;
}

/** Ids that a registry gave those schemas. */
export interface SchemaIds {
  readonly key: number;
  readonly value: number;
}

interface AvroPlan {
  readonly plan: TablePlan;
  readonly writer: AvroRowWriter;
}

/**
 * Changes of MySQL and MariaDB in Avro, as Debezium's connectors and Confluent's AvroConverter write them, each key and value in
 * Confluent's frame: a byte 0, the schema's id in four bytes (big-endian), then the record.
 *
 * `rowsOnly`: a value is the row as it is now, and none once it is deleted or has another key.
 */
export class DebeziumAvroEncoder {
  readonly #options: DebeziumOptions;
  readonly #rowsOnly: boolean;
  readonly #out: OutputBuffer;
  readonly #plans = new Map<string, AvroPlan>();
  #before = new Int32Array(64);
  #after = new Int32Array(64);
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

  /** Records are written into `out`. */
  constructor(options: DebeziumOptions, rowsOnly: boolean, out: OutputBuffer) {
    this.#options = options;
    this.#rowsOnly = rowsOnly;
    this.#out = out;
  }

  schemasOf(table: Table, flavor: MysqlOrigin['flavor']): AvroSchemas {
    const { plan } = this.#planFor(table, flavor);
    const texts = tableSchemaTexts(plan, this.#options, flavor);
    return {
      key: plan.keyColumns.length === 0 ? null : avroSchema(texts.key),
      value: this.#rowsOnly ? avroRowSchema(texts.value) : avroSchema(texts.value),
    };
  }

  /** `transaction` numbers the rows, where their transaction is to be told. */
  encodeRows(change: RowsChange, ids: SchemaIds, records: RecordSink, transaction?: TransactionOrder): void {
    const { rows, op, table, origin } = change;
    assert(origin.kind === 'mysql', 'the Debezium MySQL envelope describes changes of MySQL and MariaDB only');
    const { plan, writer } = this.#planFor(table, origin.flavor);
    const out = this.#out;
    const frame = frameOf(ids.value);
    const keyFrame = frameOf(ids.key);
    const head = this.#rowsOnly ? noBytes : this.#sourceHead(table, origin, op);
    const tail = this.#rowsOnly ? noTail : this.#tail(table, origin, transaction);
    for (let row = 0; row < rows.length; row += 1) {
      const start = out.length;
      out.append(frame);
      if (op === 'update' || op === 'delete') {
        if (!this.#rowsOnly) out.append(some);
        writer.begin(this.#before);
        rows.write(row, 'before', writer);
        writer.end();
      } else if (!this.#rowsOnly) out.append(none);
      let middle = out.length;
      if (op !== 'delete') {
        // Of a row alone, the old one is only here for its key.
        if (this.#rowsOnly && middle > start + frame.length) out.append(frame);
        if (!this.#rowsOnly) out.append(some);
        writer.begin(this.#after);
        rows.write(row, 'after', writer);
        writer.end();
      }
      const isMoved = op === 'update' && plan.keyColumns.length > 0 && this.#keyChanged(plan);
      if (this.#rowsOnly) {
        if (op === 'create' || op === 'read') middle = start;
        if (isMoved || op === 'delete') {
          this.#tell(records, this.#putKey(records, keyFrame, plan, this.#before), middle, middle);
        }
        if (op !== 'delete') {
          this.#tell(records, this.#putKey(records, keyFrame, plan, this.#after), middle, out.length);
        }
        continue;
      }
      if (!isMoved) {
        if (op === 'delete') out.append(none);
        this.#finish(head, tail, row, op);
        const places = this.#putKey(records, keyFrame, plan, op === 'delete' ? this.#before : this.#after);
        this.#tell(records, places, start, out.length);
        if (op === 'delete') this.#tell(records, places, out.length, out.length);
        continue;
      }
      const image = Buffer.from(out.bytes.subarray(middle, out.length));
      const oldKey = this.#putKey(records, keyFrame, plan, this.#before);
      const newKey = this.#putKey(records, keyFrame, plan, this.#after);
      out.length = middle;
      out.append(none);
      this.#finish(head, tail, row, 'delete');
      const deleted = out.length;
      out.append(frame);
      out.append(none);
      out.append(image);
      this.#finish(head, tail, row, 'create');
      this.#tell(records, oldKey, start, deleted, '__debezium.newkey', newKey);
      this.#tell(records, oldKey, deleted, deleted);
      this.#tell(records, newKey, deleted, out.length, '__debezium.oldkey', oldKey);
    }
  }

  #planFor(table: Table, flavor: MysqlOrigin['flavor']): AvroPlan {
    const id = `${flavor} ${table.id}`;
    let made = this.#plans.get(id);
    if (made === undefined) {
      if (this.#plans.size >= maxPlans) this.#plans.clear();
      const plan = planTable(table, this.#options);
      const withDefault = columnsWithDefault(plan, flavor);
      made = { plan, writer: new AvroRowWriter(this.#out, plan, this.#options, withDefault) };
      this.#plans.set(id, made);
    }
    const places = table.columns.length + 1;
    if (this.#before.length < places) {
      this.#before = new Int32Array(places * 2);
      this.#after = new Int32Array(places * 2);
    }
    return made;
  }

  /** `source` up to the row's number. */
  #sourceHead(table: Table, origin: MysqlOrigin, op: Op): Buffer {
    const { commitMicros: micros } = origin;
    return Buffer.concat([
      avroText(this.#options.version),
      avroText(origin.flavor),
      avroText(this.#options.name),
      avroLong(Math.floor(micros / 1_000)),
      none,
      avroText(op === 'read' ? 'true' : 'false'),
      avroText(table.database),
      none,
      some,
      avroLong(micros),
      some,
      avroLong(BigInt(micros) * 1_000n),
      some,
      avroText(table.name),
      avroLong(origin.serverId),
      optionalText(origin.gtid),
      avroText(origin.file),
      avroLong(origin.offset),
    ]);
  }

  /** Everything behind the row's number. */
  #tail(table: Table, origin: MysqlOrigin, order: TransactionOrder | undefined): Tail {
    const now = this.#options.now();
    const times = Buffer.concat([
      some,
      avroLong(Math.floor(now / 1_000)),
      some,
      avroLong(now),
      some,
      avroLong(BigInt(now) * 1_000n),
    ]);
    const thread = origin.thread === null ? none : Buffer.concat([some, avroLong(origin.thread)]);
    const query = optionalText(this.#options.includeQuery === true ? origin.query : null);
    return {
      statement: Buffer.concat([thread, query]),
      transaction: order === undefined ? null : { table, order, id: avroText(order.id) },
      op: Buffer.concat([avroText('c'), times]),
    };
  }

  #finish(head: Buffer, { statement, transaction, op: opAndTimes }: Tail, row: number, op: Op): void {
    const out = this.#out;
    out.append(head);
    out.reserve(10);
    out.length = putLong(out.bytes, out.length, row);
    out.append(statement);
    if (transaction === null) out.append(none);
    else {
      const { table, order, id } = transaction;
      order.next(table);
      out.append(some);
      out.append(id);
      out.reserve(20);
      out.length = putLong(out.bytes, out.length, order.total);
      out.length = putLong(out.bytes, out.length, order.ofTable);
    }
    const start = out.length;
    out.append(opAndTimes);
    out.bytes[start + 1] = opLetter[op];
  }

  #keyChanged({ keyColumns }: TablePlan): boolean {
    const { bytes } = this.#out;
    return keyColumns.some((column) => {
      const from = bytes.subarray(this.#before[column]!, this.#before[column + 1]!);
      return Buffer.compare(from, bytes.subarray(this.#after[column]!, this.#after[column + 1]!)) !== 0;
    });
  }

  /** Cuts the key's columns from the image whose marks these are. */
  #putKey(
    { keys }: RecordSink,
    frame: Buffer,
    { keyColumns }: TablePlan,
    marks: Int32Array,
  ): readonly [number, number] {
    const start = keys.length;
    if (keyColumns.length === 0) return [start, start];
    keys.append(frame);
    for (const column of keyColumns) keys.appendPart(this.#out.bytes, marks[column]!, marks[column + 1]!);
    return [start, keys.length];
  }

  #tell(
    records: RecordSink,
    [keyStart, keyEnd]: readonly [number, number],
    start: number,
    end: number,
    header: DebeziumRecord['header'] = null,
    [headerStart, headerEnd]: readonly [number, number] = [0, 0],
  ): void {
    records.record(Object.assign(this.#record, { start, end, keyStart, keyEnd, header, headerStart, headerEnd }));
  }
}

/** What stands behind a row's number in the envelopes of one change. */
interface Tail {
  readonly statement: Buffer;
  readonly transaction: { readonly table: Table; readonly order: TransactionOrder; readonly id: Buffer } | null;
  /** The op, whose letter is the second byte, and the times. */
  readonly op: Buffer;
}

export const frameOf = (id: number): Buffer => {
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(id, 1);
  return frame;
};

const optionalText = (text: string | null): Buffer => (text === null ? none : Buffer.concat([some, avroText(text)]));

const maxPlans = 4_096;
const noBytes = Buffer.alloc(0);
const noTail: Tail = { statement: noBytes, transaction: null, op: noBytes };
/** The branches of a union of null and something; and of one with its default first, whose something is `none`. */
const none = Buffer.from([0]);
const some = Buffer.from([2]);
const opLetter = { create: 0x63, update: 0x75, delete: 0x64, read: 0x72 } as const satisfies Record<Op, number>;
