/**
 * How fast row images become Debezium JSON, on one thread: rows events of the table of 8 mixed columns, held in memory, to complete
 * envelopes in a buffer that is used again. Run: `node bench/micro/debezium-json.ts [seconds]`.
 */
import type { MysqlOrigin, RowsChange } from '../../src/core/change.ts';
import { qualifiedName } from '../../src/core/table.ts';
import { DebeziumJsonEncoder } from '../../src/formats/debezium-json/encoder.ts';
import { OutputBuffer } from '../../src/formats/output-buffer.ts';
import type { RowsEvent } from '../../src/protocol/mysql/events/rows-event.ts';
import { ordersEvent, ordersReader, ordersTable } from './orders-events.ts';

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
      const change: RowsChange = {
        kind: 'rows',
        op: 'create',
        table: ordersTable,
        rows: ordersReader.images(rowsEvent),
        origin,
      };
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
const many = Array.from({ length: 100 }, (_, i) => ordersEvent(85, i * 85));
const single = Array.from({ length: 1_000 }, (_, i) => ordersEvent(1, i));
encoder.encodeRows(
  {
    kind: 'rows',
    op: 'create',
    table: ordersTable,
    rows: ordersReader.images(many[0]!),
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
console.log(`${qualifiedName(ordersTable)}: ${out.view().toString('utf8', 0, out.view().indexOf(10))}`);
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
