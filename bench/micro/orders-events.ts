/**
 * Rows events of the table of 8 mixed columns that every figure in docs/benchmarks.md is measured on, as a server logs them, for
 * benchmarks that need no server.
 */
import type { RowsEvent } from '../../src/protocol/mysql/events/rows-event.ts';
import type { TableMap } from '../../src/protocol/mysql/events/table-map.ts';
import { rowReader } from '../../src/protocol/mysql/values/binlog-row-images.ts';
import { builtinCollations } from '../../src/protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../src/protocol/mysql/values/table-definition.ts';

/** orders(id bigint unsigned, customer_id int, sku varchar(40), qty int, price decimal(12,2), status enum, note varchar(200), created datetime(6)) */
const map: TableMap = {
  tableId: 1,
  database: 'bench',
  name: 'orders',
  columnCount: 8,
  types: Uint8Array.of(8, 3, 15, 3, 246, 254, 15, 18),
  meta: Uint16Array.of(0, 0, 160, 0, 12 | (2 << 8), 0xf7 | (1 << 8), 800, 6),
  nullable: [false, false, false, false, false, true, true, true],
  flags: 0,
  unsigned: [true, false, false, false, false, false, false, false],
  collations: [null, null, 255, null, null, null, 255, null],
  names: ['id', 'customer_id', 'sku', 'qty', 'price', 'status', 'note', 'created'],
  enumValues: [null, null, null, null, null, ['new', 'paid', 'shipped', 'done'], null, null],
  setValues: null,
  enumSetCollations: [null, null, null, null, null, 255, null, null],
  geometryShapes: null,
  primaryKey: [{ column: 0, prefix: 0 }],
  visible: null,
  vectorDimensions: null,
};

/** One row as the server logs it, after its null bits. */
const rowImage = (id: number): Buffer => {
  const sku = Buffer.from(`SKU-${id % 5_000}`);
  const note = Buffer.from(`note number ${id % 10_000} of batch ${id % 97} with some text to make it longer`);
  const bytes = Buffer.alloc(1 + 8 + 4 + 1 + sku.length + 4 + 6 + 1 + 2 + note.length + 8);
  let at = 1;
  at = bytes.writeBigUInt64LE(BigInt(id), at);
  at = bytes.writeInt32LE(id % 100_000, at);
  at = bytes.writeUInt8(sku.length, at);
  at += sku.copy(bytes, at);
  at = bytes.writeInt32LE(1 + (id % 9), at);
  // decimal(12,2): one digit, nine digits, two digits; the first bit is the sign.
  at = bytes.writeUInt8(0x80, at);
  at = bytes.writeUInt32BE(id % 1_000, at);
  at = bytes.writeUInt8(id % 100, at);
  at = bytes.writeUInt8(1 + (id % 4), at);
  at = bytes.writeUInt16LE(note.length, at);
  at += note.copy(bytes, at);
  const day = ((2_024 * 13 + 5) << 5) | (1 + (id % 28));
  const second = ((id % 24) << 12) | ((id % 60) << 6) | (id % 60);
  at = bytes.writeUIntBE(0x8000000000 + day * 0x20000 + second, at, 5);
  bytes.writeUIntBE(id % 1_000_000, at, 3);
  return bytes;
};

/** An event of `rows` rows, whose ids go up from `from`. */
export const ordersEvent = (rows: number, from: number): RowsEvent => {
  const bytes = Buffer.concat(Array.from({ length: rows }, (_, i) => rowImage(from + i)));
  return {
    tableId: 1,
    op: 'create',
    partialJson: false,
    flags: 1,
    columnCount: 8,
    presentBefore: null,
    presentAfter: Uint8Array.of(0xff),
    bytes,
    start: 0,
    end: bytes.length,
  };
};

export const ordersTable = tableFromMap(map, builtinCollations('mysql'), null);
export const ordersReader = rowReader(ordersTable, map, builtinCollations('mysql'));
