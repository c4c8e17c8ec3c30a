/**
 * millrace in the decode benchmarks: its own MySQL source, as a pipeline opens it, checksums verified.
 *
 * usage: node read-binlog.ts decode|transcode disabled|required HOST PORT USER PASSWORD FILE POSITION ROWS
 * decode makes a positional row of every after image; transcode makes its complete Debezium JSON envelope. The second word is `ssl.mode`.
 */

import type { RowsChange } from '../../src/core/change.ts';
import { openMysql, report } from './open-mysql.ts';

const [mode, sslMode, hostname, port, username, password, file, offset, wanted] = process.argv.slice(2);

const source = await openMysql({
  hostname,
  port: Number(port),
  username,
  password,
  'ssl.mode': sslMode,
  tables: 'bench.orders',
  'scan.startup.mode': 'specific-offset',
  'scan.startup.specific-offset.file': file,
  'scan.startup.specific-offset.pos': Number(offset),
});
const take = mode === 'decode' ? decoding() : await transcoding();
const stop = new AbortController();
const started = performance.now();
let rows = 0;
for await (const batch of source.read(async () => null, stop.signal)) {
  for (const change of batch.changes) if (change.kind === 'rows') rows += take(change);
  if (rows >= Number(wanted)) break;
}
report(rows, (performance.now() - started) / 1000);

function decoding(): (change: RowsChange) => number {
  let columns = 0;
  return ({ rows }) => {
    const { length } = rows;
    for (let i = 0; i < length; i += 1) columns += rows.after(i)!.length;
    return columns > 0 ? length : 0;
  };
}

async function transcoding(): Promise<(change: RowsChange) => number> {
  const { DebeziumJsonEncoder } = await import('../../src/formats/debezium-json/encoder.ts');
  const { OutputBuffer } = await import('../../src/formats/output-buffer.ts');
  const now = () => Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const encoder = new DebeziumJsonEncoder({ name: 'bench', version: '0', now });
  const out = new OutputBuffer();
  return (change) => {
    out.clear();
    encoder.encodeRows(change, out);
    return out.length > 0 ? change.rows.length : 0;
  };
}
