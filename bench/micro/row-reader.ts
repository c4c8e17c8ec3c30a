/**
 * How fast row images become rows, and reach a writer, from memory: the orders table of the benchmarks, 8 columns.
 * usage: node bench/micro/row-reader.ts [seconds per measurement, default 1]
 */

import type { ValueWriter } from '../../src/core/row-images.ts';
import { defineTable } from '../../src/core/table.ts';
import { columnType } from '../../src/protocol/mysql/column-type.ts';
import type { RowsEvent } from '../../src/protocol/mysql/events/rows-event.ts';
import type { TableMap } from '../../src/protocol/mysql/events/table-map.ts';
import { rowReader } from '../../src/protocol/mysql/values/binlog-row-images.ts';
import { builtinCollations } from '../../src/protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../src/protocol/mysql/values/table-definition.ts';
import { TextRowReader, TextRows } from '../../src/protocol/mysql/values/text-rows.ts';

const seconds = Number(process.argv[2] ?? 1);
const collations = builtinCollations('mysql');

/** orders(id bigint unsigned, customer_id int, sku varchar(40), qty int, price decimal(12,2), status enum, note varchar(200), created datetime(6)) */
const map: TableMap = {
  tableId: 1,
  database: 'bench',
  name: 'orders',
  columnCount: 8,
  types: Uint8Array.of(
    columnType.LONGLONG,
    columnType.LONG,
    columnType.VARCHAR,
    columnType.LONG,
    columnType.NEWDECIMAL,
    columnType.STRING,
    columnType.VARCHAR,
    columnType.DATETIME2,
  ),
  meta: Uint16Array.of(0, 0, 160, 0, 12 | (2 << 8), columnType.ENUM | (1 << 8), 800, 6),
  nullable: [false, false, false, false, false, true, true, true],
  flags: 0,
  unsigned: [true, false, false, false, false, false, false, false],
  collations: [null, null, 255, null, null, null, 255, null],
  names: ['id', 'customer_id', 'sku', 'qty', 'price', 'status', 'note', 'created'],
  enumValues: [null, null, null, null, null, ['new', 'paid', 'shipped', 'done'], null, null],
  setValues: null,
  enumSetCollations: null,
  geometryShapes: null,
  primaryKey: [{ column: 0, prefix: 0 }],
  visible: null,
  vectorDimensions: null,
};

const putRow = (out: Buffer, start: number, n: number): number => {
  let at = start;
  at = out.writeUInt8(0, at);
  at = out.writeBigUInt64LE(BigInt(n), at);
  at = out.writeInt32LE((n * 7919) % 100_000, at);
  const sku = `SKU-${(n * 31) % 5000}`;
  at = out.writeUInt8(sku.length, at);
  at += out.write(sku, at);
  at = out.writeInt32LE(1 + (n % 9), at);
  at = out.writeUInt8(0x80, at);
  at = out.writeUInt32BE((n * 13) % 1000, at);
  at = out.writeUInt8(n % 100, at);
  at = out.writeUInt8(1 + (n % 4), at);
  const note = `note number ${n % 10_000} of batch ${(n / 10_000) | 0} with some text to make it longer`;
  at = out.writeUInt16LE(note.length, at);
  at += out.write(note, at);
  const packed = ((2024n * 13n + 5n) << 22n) | BigInt((7 << 17) | ((n % 24) << 12) | ((n % 60) << 6) | ((n * 7) % 60));
  at = out.writeUIntBE(Number(0x8000000000n + packed), at, 5);
  return out.writeUIntBE((n * 7919) % 1_000_000, at, 3);
};

/** Events of `rowsPerEvent` rows over one buffer. */
const makeEvents = (rows: number, rowsPerEvent: number): RowsEvent[] => {
  const bytes = Buffer.alloc(rows * 160);
  const events: RowsEvent[] = [];
  let at = 0;
  for (let n = 0; n < rows; n += rowsPerEvent) {
    const start = at;
    for (let i = 0; i < rowsPerEvent; i += 1) at = putRow(bytes, at, n + i);
    events.push({
      tableId: 1,
      op: 'create',
      partialJson: false,
      flags: 1,
      columnCount: 8,
      presentBefore: null,
      presentAfter: Uint8Array.of(0xff),
      bytes,
      start,
      end: at,
    });
  }
  return events;
};

class CountingWriter implements ValueWriter {
  readonly target = 'count';
  sum = 0;
  absent(): void {}
  null(): void {}
  integer(_column: number, value: number): void {
    this.sum += value;
  }
  bigint(): void {}
  float(): void {}
  double(): void {}
  decimal(_column: number, _bytes: Uint8Array, start: number, end: number): void {
    this.sum += end - start;
  }
  text(_column: number, _bytes: Uint8Array, start: number, end: number): void {
    this.sum += end - start;
  }
  binary(): void {}
  json(): void {}
  geometry(): void {}
  vector(): void {}
  date(): void {}
  time(): void {}
  datetime(
    _column: number,
    year: number,
    _month: number,
    _day: number,
    _h: number,
    _m: number,
    _s: number,
    us: number,
  ): void {
    this.sum += year + us;
  }
  timestamp(): void {}
  enum(_column: number, ordinal: number): void {
    this.sum += ordinal;
  }
  set(): void {}
}

const measure = (name: string, rows: number, run: () => void): void => {
  run();
  run();
  const start = process.hrtime.bigint();
  let rounds = 0;
  let elapsed = 0;
  do {
    run();
    rounds += 1;
    elapsed = Number(process.hrtime.bigint() - start) / 1e9;
  } while (elapsed < seconds);
  const perSecond = (rows * rounds) / elapsed;
  console.log(`${name.padEnd(44)} ${(perSecond / 1e6).toFixed(2)} M rows/s  ${(1e9 / perSecond).toFixed(0)} ns/row`);
};

const rows = 50_000;
let kept: unknown;
for (const rowsPerEvent of [80, 1]) {
  const events = makeEvents(rows, rowsPerEvent);
  for (const compile of [true, false]) {
    const table = defineTable(tableFromMap(map, collations, null));
    const reader = rowReader(table, map, collations, { compile });
    const label = `${rowsPerEvent} rows an event, ${compile ? 'compiled' : 'interpreted'}`;
    measure(`index   ${label}`, rows, () => {
      for (const event of events) kept = reader.images(event);
    });
    measure(`decode  ${label}`, rows, () => {
      for (const event of events) {
        const images = reader.images(event);
        for (let i = 0; i < images.length; i += 1) kept = images.after(i);
      }
    });
    const writer = new CountingWriter();
    measure(`write   ${label}`, rows, () => {
      for (const event of events) {
        const images = reader.images(event);
        for (let i = 0; i < images.length; i += 1) images.write(i, 'after', writer);
      }
    });
    kept = writer.sum;
  }
}

/** The same rows as a SELECT answers them, in chunks as a socket gives them. */
const selectChunks = (): Buffer[] => {
  const packet = (payload: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(payload.length, 0, 3);
    return Buffer.concat([head, payload]);
  };
  const eof = packet(Buffer.of(0xfe, 0, 0, 2, 0));
  const parts = [packet(Buffer.of(8)), ...Array.from({ length: 8 }, () => packet(Buffer.from('definition'))), eof];
  for (let n = 0; n < rows; n += 1) {
    const values = [
      `${n}`,
      `${(n * 7919) % 100_000}`,
      `SKU-${(n * 31) % 5000}`,
      `${1 + (n % 9)}`,
      `${(n * 13) % 1000}.${String(n % 100).padStart(2, '0')}`,
      `${1 + (n % 4)}`,
      `note number ${n % 10_000} of batch ${(n / 10_000) | 0} with some text to make it longer`,
      `2024-05-07 ${String(n % 24).padStart(2, '0')}:00:00.${String((n * 7919) % 1_000_000).padStart(6, '0')}`,
    ];
    parts.push(packet(Buffer.concat(values.flatMap((value) => [Buffer.of(value.length), Buffer.from(value)]))));
  }
  parts.push(eof);
  const all = Buffer.concat(parts);
  return Array.from({ length: Math.ceil(all.length / 65_536) }, (_, i) => all.subarray(i * 65_536, (i + 1) * 65_536));
};

const chunks = selectChunks();
for (const compile of [true, false]) {
  const reader = new TextRowReader(tableFromMap(map, collations, null), { compile });
  const label = `SELECT, ${compile ? 'compiled' : 'interpreted'}`;
  measure(`index   ${label}`, rows, () => {
    const result = new TextRows(reader, { deprecateEof: false });
    for (const chunk of chunks) {
      result.push(chunk, (images) => {
        kept = images;
      });
    }
  });
  measure(`decode  ${label}`, rows, () => {
    const result = new TextRows(reader, { deprecateEof: false });
    for (const chunk of chunks) {
      result.push(chunk, (images) => {
        for (let i = 0; i < images.length; i += 1) kept = images.after(i);
      });
    }
  });
  const writer = new CountingWriter();
  measure(`write   ${label}`, rows, () => {
    const result = new TextRows(reader, { deprecateEof: false });
    for (const chunk of chunks) {
      result.push(chunk, (images) => {
        for (let i = 0; i < images.length; i += 1) images.write(i, 'after', writer);
      });
    }
  });
}
if (kept === undefined) throw new Error('nothing was read');
