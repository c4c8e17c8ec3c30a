/**
 * How fast row images become Debezium JSON, on one thread: rows events of the table of 8 mixed columns, held in memory, to complete
 * envelopes in a buffer that is used again. Run: `node bench/micro/debezium-json.ts [seconds]`.
 */
import type { MysqlOrigin, RowsChange } from '../../src/core/change.ts';
import { qualifiedName } from '../../src/core/table.ts';
import { DebeziumJsonEncoder } from '../../src/formats/debezium-json/encoder.ts';
import { OutputBuffer } from '../../src/formats/output-buffer.ts';
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

const event = (rows: number, from: number): RowsEvent => {
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

const table = tableFromMap(map, builtinCollations('mysql'), null);
const reader = rowReader(table, map, builtinCollations('mysql'));
const encoder = new DebeziumJsonEncoder({ name: 'bench', version: '3.6.1.Final', now: () => 1_700_000_000_123_456 });
const out = new OutputBuffer(1 << 20);

interface Rates {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** What stays the same when other programs want the processor too. */
  readonly rowsPerCpuSecond: number;
}

/** Encodes `events` again and again for `seconds`. */
const measure = (events: readonly RowsEvent[], seconds: number): Rates => {
  let rows = 0;
  let bytes = 0;
  let gno = 1;
  const cpu = process.cpuUsage();
  const started = process.hrtime.bigint();
  const until = started + BigInt(Math.round(seconds * 1e9));
  while (process.hrtime.bigint() < until) {
    for (const [index, rowsEvent] of events.entries()) {
      const origin: MysqlOrigin = {
        kind: 'mysql',
        flavor: 'mysql',
        serverId: 1,
        gtid: `65ef84cb-e4e9-11f1-b839-02fc00000001:${gno}`,
        file: 'binlog.000042',
        offset: 1_000_000 + index * 8_192,
        commitMicros: 1_700_000_000_000_000 + gno,
        thread: 17,
        query: null,
      };
      const change: RowsChange = { kind: 'rows', op: 'create', table, rows: reader.images(rowsEvent), origin };
      encoder.encodeRows(change, out);
      rows += change.rows.length;
      if (out.length > 500_000) {
        bytes += out.length;
        out.clear();
      }
    }
    gno += 1;
  }
  const elapsed = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  return {
    rowsPerSecond: rows / elapsed,
    bytesPerSecond: (bytes + out.length) / elapsed,
    rowsPerCpuSecond: rows / ((user + system) / 1e6),
  };
};

const seconds = Number(process.argv[2] ?? 3);
const many = Array.from({ length: 100 }, (_, i) => event(85, i * 85));
const single = Array.from({ length: 1_000 }, (_, i) => event(1, i));
encoder.encodeRows(
  {
    kind: 'rows',
    op: 'create',
    table,
    rows: reader.images(many[0]!),
    origin: {
      kind: 'mysql',
      flavor: 'mysql',
      serverId: 1,
      gtid: null,
      file: 'binlog.000001',
      offset: 4,
      commitMicros: 0,
      thread: null,
      query: null,
    },
  },
  out,
);
console.log(`${qualifiedName(table)}: ${out.view().toString('utf8', 0, out.view().indexOf(10))}`);
out.clear();
for (const [name, events] of [
  ['events of 85 rows', many],
  ['events of 1 row', single],
] as const) {
  measure(events, seconds / 3);
  const { rowsPerSecond, bytesPerSecond, rowsPerCpuSecond } = measure(events, seconds);
  const [wall, cpu] = [rowsPerSecond, rowsPerCpuSecond].map((rate) => Math.round(rate).toLocaleString('en'));
  console.log(`${name}: ${wall} rows/s, ${Math.round(bytesPerSecond / 1e6)} MB/s, ${cpu} rows per CPU second`);
}
