/**
 * What a push to Kafka costs a row without its servers: rows events of the table of 8 mixed columns, held in memory, to batches of Debezium's
 * JSON that are ready to be sent: read, encoded, gathered, compressed and summed. The best of many passes, which other programs disturb
 * least. Run: `node bench/micro/kafka-batches.ts [passes] [compression]`.
 */

import { BatchBuffers } from '../../src/connectors/kafka/batch-buffers.ts';
import type { Compression } from '../../src/connectors/kafka/client/compression.ts';
import { stampBatch } from '../../src/connectors/kafka/client/record-batch.ts';
import { kafkaConfig } from '../../src/connectors/kafka/config.ts';
import { RecordGatherer } from '../../src/connectors/kafka/record-gatherer.ts';
import { valueFormat } from '../../src/connectors/kafka/value-format.ts';
import type { MysqlOrigin, RowsChange } from '../../src/core/change.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { silentLog } from '../contenders/open-mysql.ts';
import { ordersEvent, ordersReader, ordersTable } from './orders-events.ts';

const passes = Number(process.argv[2] ?? 60);
const compression = (process.argv[3] ?? 'lz4') as Compression;
const topic = 'orders';
const config = kafkaConfig.parse({ 'properties.bootstrap.servers': '127.0.0.1:9', topic, 'topic.prefix': 'bench' });
const context = { pipeline: 'bench', log: silentLog, clock: systemClock };
const format = valueFormat(config, context, () => topic);
const facts = { name: topic, partitions: 1, maxBatchBytes: 1_048_588 };
const buffers = new BatchBuffers();
const options = { compression, transactional: false, batchBytes: 1_048_576 };
const events = Array.from({ length: 120 }, (_, index) => ordersEvent(85, index * 85));
const rows = events.length * 85;

const origin = (offset: number): MysqlOrigin => ({
  kind: 'mysql',
  flavor: 'mysql',
  serverId: 1,
  gtid: null,
  file: 'binlog.000042',
  offset,
  commitMicros: 1_700_000_000_000_000,
  thread: 17,
  query: null,
});

const pass = async (): Promise<number> => {
  const gatherer = new RecordGatherer(buffers, options, Math.floor(systemClock.now()));
  for (const [index, event] of events.entries()) {
    const images = ordersReader.images(event);
    const change: RowsChange = {
      kind: 'rows',
      op: 'create',
      table: ordersTable,
      rows: images,
      origin: origin(index * 8_192),
    };
    format.rows(change, (key, keyStart, keyEnd, value, valueStart, valueEnd, headers) => {
      gatherer.add(facts, 0, key, keyStart, keyEnd, value, valueStart, valueEnd, headers);
    });
  }
  let bytes = 0;
  for (const { finished, release } of gatherer.end()) {
    const batch = await finished;
    stampBatch(batch, 1n, 0, 0);
    bytes += batch.bytes.length;
    release();
  }
  return bytes;
};

let best = Number.POSITIVE_INFINITY;
let bytes = 0;
for (let i = 0; i < passes; i += 1) {
  const started = performance.now();
  bytes = await pass();
  best = Math.min(best, performance.now() - started);
}
const rate = Math.round((rows / best) * 1_000).toLocaleString('en');
console.log(
  `${compression}: ${rate} rows/s, ${((best / rows) * 1e6).toFixed(0)} ns a row, ${(bytes / rows).toFixed(1)} bytes a row`,
);
