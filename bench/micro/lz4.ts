/**
 * How fast Debezium's JSON becomes LZ4 frames, by our own codec and by the Kafka library's: rows of the table of 8 mixed columns, held in
 * memory. The best of many passes, in turn. Run: `node bench/micro/lz4.ts [passes]`.
 */
import { Lz4Frames } from '../../src/connectors/kafka/client/lz4-frames.ts';
import { compressionsAlgorithms } from '../../src/connectors/kafka/client/protocol-library.ts';

const statuses = ['new', 'paid', 'shipped', 'done'];

const envelope = (id: number): string => {
  const random = Math.imul(id + 1, 0x9e3779b1) >>> 0;
  const price = Buffer.from([1, random & 255, (random >>> 8) & 255]).toString('base64');
  const note = `note number ${id % 10_000} of batch ${id % 97} with some text to make it longer`;
  const after = `{"id":${id},"customer_id":${random % 100_000},"sku":"SKU-${random % 5_000}","qty":${1 + (random % 9)},"price":"${price}","status":"${statuses[random & 3]}","note":"${note}","created":1795950771569371}`;
  const source = `{"version":"0.1.0","connector":"mysql","name":"bench","ts_ms":1795950771726,"snapshot":"false","db":"bench","sequence":null,"ts_us":1795950771726651,"ts_ns":1795950771726651000,"table":"orders","server_id":1,"gtid":null,"file":"binlog.000001","pos":${62_393_905 + Math.floor(id / 85) * 8_192},"row":${id % 85},"thread":11,"query":null}`;
  return `{"before":null,"after":${after},"source":${source},"transaction":null,"op":"c","ts_ms":1795951138448,"ts_us":1795951138448244,"ts_ns":1795951138448244000}`;
};

const passes = Number(process.argv[2] ?? 60);
const batches = Array.from({ length: 6 }, (_, batch) =>
  Buffer.from(
    Array.from({ length: 1_700 }, (__, row) => `${envelope(batch * 1_700 + row)}\u0000{"id":${row}}`).join(''),
  ),
);
const plainBytes = batches.reduce((sum, { length }) => sum + length, 0);
const frames = new Lz4Frames();
const codecs: readonly (readonly [string, (bytes: Buffer) => number])[] = [
  ['ours', (bytes) => frames.compress(bytes).length],
  ["the library's", (bytes) => compressionsAlgorithms.lz4.compressSync(bytes).length],
];
const best = codecs.map(() => batches.map(() => Number.POSITIVE_INFINITY));
const packed = codecs.map(() => 0);
for (let pass = 0; pass < passes; pass += 1) {
  for (const [place, [, compress]] of codecs.entries()) {
    packed[place] = 0;
    for (const [batch, bytes] of batches.entries()) {
      const started = performance.now();
      packed[place]! += compress(bytes);
      best[place]![batch] = Math.min(best[place]![batch]!, performance.now() - started);
    }
  }
}
for (const [place, [name]] of codecs.entries()) {
  const seconds = best[place]!.reduce((sum, ms) => sum + ms, 0) / 1_000;
  const rate = Math.round(plainBytes / seconds / 1e6).toLocaleString('en');
  console.log(`${name}: ${rate} MB/s, 1/${(plainBytes / packed[place]!).toFixed(1)} of the bytes`);
}
