import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { MysqlOrigin, Origin, RowsChange, TruncateChange } from '../../core/change.ts';
import type { Table } from '../../core/table.ts';
import { planTable } from '../debezium-json/column-plan.ts';
import { DebeziumJsonEncoder, type DebeziumRecord, type RecordSink } from '../debezium-json/encoder.ts';
import { jsonString } from '../debezium-json/json-string.ts';
import type { DebeziumOptions } from '../debezium-json/options.ts';
import { dataSchema } from '../debezium-json/schema-part.ts';
import { OutputBuffer } from '../output-buffer.ts';
import type { TransactionOrder } from '../transaction-order.ts';

/** What the events of one change have in common, around what each row has of its own. */
interface Frame {
  /** Up to the op's letter; with the extensions off, up to the data. */
  readonly head: Buffer;
  /** From behind the op's letter up to the row's number. */
  readonly source: Buffer;
  /** From behind it up to the transaction. */
  readonly statement: Buffer;
  /** `,"data":`, and the schema where there is one. */
  readonly data: Buffer;
  readonly table: Table;
  readonly order: TransactionOrder | undefined;
}

/**
 * Changes as CloudEvents 1.0 in JSON, byte for byte as Debezium's CloudEventsConverter writes them: the two images are the data, and what
 * the envelope says of their source is in extension attributes, whose 64-bit numbers are texts:
 *
 *     {"id":"name:shop;file:binlog.000001;pos:4","source":"/debezium/mysql/shop","specversion":"1.0",
 *      "type":"io.debezium.connector.mysql.DataChangeEvent","time":"2024-05-06T07:08:09.123Z","datacontenttype":"application/json",
 *      "iodebeziumop":"c",…,"iodebeziumquery":null,"iodebeziumtxid":null,…,"data":{"before":null,"after":{…}}}
 *
 * https://debezium.io/documentation/reference/stable/integrations/cloudevents.html
 */
export class CloudEventsEncoder {
  readonly #options: DebeziumOptions;
  readonly #extensions: boolean;
  readonly #envelopes: DebeziumJsonEncoder;
  readonly #inner = new OutputBuffer();
  readonly #schemas = new Map<string, Buffer>();

  /** `extensions`: `extension.attributes.enable`. `options.schemas`: keys and data go with their schemas. */
  constructor(options: DebeziumOptions, extensions: boolean) {
    this.#options = options;
    this.#extensions = extensions;
    this.#envelopes = new DebeziumJsonEncoder(options);
  }

  /** Writes an event for each row into `out`; tombstones are told too. `transaction` numbers the rows. */
  encodeRows(change: RowsChange, out: OutputBuffer, records: RecordSink, transaction?: TransactionOrder): void {
    const { table, op } = change;
    const origin = mysqlOrigin(change.origin);
    const frame = this.#frame(table, origin, origin.commitMicros, op === 'read' ? 'true' : 'false', transaction);
    this.#inner.clear();
    this.#envelopes.encodeRows(change, this.#inner, { records: this.#taker(frame, out, records) });
  }

  encodeTruncate(change: TruncateChange, out: OutputBuffer, records: RecordSink): void {
    const origin = mysqlOrigin(change.origin);
    // Debezium takes the time of a statement in milliseconds, and no thread.
    const micros = Math.floor(origin.commitMicros / 1_000) * 1_000;
    const frame = this.#frame(
      change.table,
      { ...alone(origin), thread: null, query: null },
      micros,
      'false',
      undefined,
    );
    this.#inner.clear();
    this.#envelopes.encodeTruncate(change, this.#inner, { records: this.#taker(frame, out, records) });
  }

  #taker(frame: Frame, out: OutputBuffer, records: RecordSink): RecordSink {
    return {
      keys: records.keys,
      record: (record) => {
        const start = out.length;
        if (record.start !== record.end) this.#put(frame, record, out);
        records.record({ ...record, start, end: out.length });
      },
    };
  }

  #put(frame: Frame, { row, op, imagesStart, imagesEnd }: DebeziumRecord, out: OutputBuffer): void {
    out.append(frame.head);
    if (this.#extensions) {
      out.append(Buffer.from(op));
      out.append(frame.source);
      out.append(Buffer.from(String(row)));
      out.append(frame.statement);
      out.append(transactionAttributes(frame.order, frame.table));
    } else frame.order?.next(frame.table);
    out.append(frame.data);
    out.appendPart(this.#inner.bytes, imagesStart, imagesEnd);
    out.append(this.#options.schemas === true ? threeBraces : twoBraces);
  }

  #frame(
    table: Table,
    origin: MysqlOrigin,
    micros: number,
    snapshot: string,
    order: TransactionOrder | undefined,
  ): Frame {
    const { name, version, includeQuery } = this.#options;
    const { flavor, file, offset, serverId, gtid, thread, query } = origin;
    const millis = Math.floor(micros / 1_000);
    const text = (value: string | null): string => (value === null ? 'null' : jsonString(value).toString());
    const head = [
      `{"id":${text(`name:${name};file:${file};pos:${offset}`)},"source":${text(`/debezium/${flavor}/${name}`)},"specversion":"1.0"`,
      `"type":"io.debezium.connector.${flavor}.DataChangeEvent","time":"${new Date(millis).toISOString()}","datacontenttype":"application/json"`,
    ].join(',');
    const attributes = {
      version: text(version),
      connector: `"${flavor}"`,
      name: text(name),
      tsms: `"${millis}"`,
      snapshot: `"${snapshot}"`,
      db: text(table.database),
      sequence: 'null',
      tsus: `"${micros}"`,
      tsns: `"${BigInt(micros) * 1_000n}"`,
      table: text(table.name),
      serverid: `"${serverId}"`,
      gtid: text(gtid),
      file: text(file),
      pos: `"${offset}"`,
    };
    const source = Object.entries(attributes).map(([key, value]) => `"iodebezium${key}":${value}`);
    const statement = [
      `"iodebeziumthread":${thread === null ? 'null' : `"${thread}"`}`,
      `"iodebeziumquery":${text(includeQuery === true ? query : null)}`,
    ];
    return {
      head: Buffer.from(this.#extensions ? `${head},"iodebeziumop":"` : head),
      source: Buffer.from(`",${source},"iodebeziumrow":`),
      statement: Buffer.from(`,${statement}`),
      data: this.#options.schemas === true ? this.#withSchema(table, flavor) : dataName,
      table,
      order,
    };
  }

  #withSchema(table: Table, flavor: MysqlOrigin['flavor']): Buffer {
    const id = `${flavor} ${table.id}`;
    let data = this.#schemas.get(id);
    if (data === undefined) {
      // Versions pile up with every schema change; what is dropped here is made again when needed.
      if (this.#schemas.size >= maxSchemas) this.#schemas.clear();
      data = Buffer.concat([dataName, dataSchema(planTable(table, this.#options), this.#options, flavor)]);
      this.#schemas.set(id, data);
    }
    return data;
  }
}

/** The attributes of the next record's place in its transaction. */
const transactionAttributes = (order: TransactionOrder | undefined, table: Table): Buffer => {
  if (order === undefined) return noTransaction;
  order.next(table);
  const numbers = `"iodebeziumtxtotalorder":"${order.total}","iodebeziumtxdatacollectionorder":"${order.ofTable}"`;
  return Buffer.from(`,"iodebeziumtxid":${jsonString(order.id)},${numbers}`);
};

const mysqlOrigin = (origin: Origin): MysqlOrigin => {
  assert(origin.kind === 'mysql', 'these events describe changes of MySQL and MariaDB only');
  return origin;
};

/** An origin's fields, which may be computed, as they are now. */
const alone = ({
  kind,
  flavor,
  serverId,
  gtid,
  file,
  offset,
  commitMicros,
  thread,
  query,
}: MysqlOrigin): MysqlOrigin => ({
  kind,
  flavor,
  serverId,
  gtid,
  file,
  offset,
  commitMicros,
  thread,
  query,
});

const maxSchemas = 1_024;
const dataName = Buffer.from(',"data":');
const twoBraces = Buffer.from('}}');
const threeBraces = Buffer.from('}}}');
const noTransaction = Buffer.from(
  ',"iodebeziumtxid":null,"iodebeziumtxtotalorder":null,"iodebeziumtxdatacollectionorder":null',
);
