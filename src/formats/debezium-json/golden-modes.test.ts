import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../core/change.ts';
import {
  encoded,
  type Message,
  masked,
  recorded,
  testdata,
  withRightDefaults,
} from '../../testing/debezium-recordings.ts';

/** See testdata/README.md: the handling modes that `modes/` shows, with the tables and operations that each connector captured. */
const recordings = [
  {
    file: 'nanoseconds',
    options: { name: 'nan', times: 'nanoseconds', binaries: 'base64', booleans: () => true },
    tables: ['types', 'zeros', 'defs', 'orders', 'comp'],
    skipped: [],
    tombstones: true,
  },
  {
    file: 'microseconds',
    options: { name: 'm-ic', times: 'microseconds', schemaNames: 'avro', fieldNames: 'avro' },
    tables: ['types', 'zeros', 'defs', 'orders', 'comp', 'odd-name.t'],
    skipped: ['update'],
    tombstones: false,
  },
  {
    file: 'unicode-names',
    options: { name: 'u-ni', schemaNames: 'avro_unicode', fieldNames: 'avro_unicode' },
    tables: ['types', 'zeros', 'defs', 'odd-name.t'],
    skipped: [],
    tombstones: true,
  },
] as const;

for (const { file, options, tables, skipped, tombstones } of recordings) {
  const captures = (change: Change): boolean =>
    change.kind === 'rows' &&
    (tables as readonly string[]).includes(change.table.name) &&
    !(skipped as readonly string[]).includes(change.op);
  const ours = encoded({ ...options, schemas: true }, false, testdata('modes/binlog.000002.zst'), captures);
  const theirs = Map.groupBy(
    recorded(`modes/${file}.jsonl.zst`).filter(
      ({ topic, value }) => topic.includes('.golden.') && !/"op":"r","ts_ms"/.test(value ?? ''),
    ),
    ({ topic }) => topic,
  );
  assert.ok(theirs.size >= 4);
  for (const [topic, messages] of theirs) {
    test(`${topic} has the bytes that Debezium 3.6.1 wrote in the modes of ${file}`, () => {
      const own = (ours.get(topic) ?? []).filter(({ value }) => tombstones || value !== null);
      const alike = (message: Message) => ({ ...(masked(message) as Message), headers: {}, timestamp: 0 });
      assert.equal(own.length, messages.length);
      for (const [i, message] of messages.entries())
        assert.deepEqual(alike(own[i]!), alike(withRightDefaults(message)));
    });
  }
}
