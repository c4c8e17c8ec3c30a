import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionOfKey } from './murmur2.ts';

/** What `org.apache.kafka.common.utils.Utils.murmur2` of kafka-clients 4.3.1 gives. */
const fromKafka: readonly (readonly [key: string, hash: number])[] = [
  ['', 275646681],
  ['a', -1563381124],
  ['ab', 316155434],
  ['abc', 479470107],
  ['abcd', -1323649548],
  ['abcde', 461995741],
  ['{"id":1}', -56768732],
  ['{"id":12345678}', -703877476],
  ['größe €😀', 1259979644],
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
];

test("hashes keys as Kafka's own producer does", () => {
  for (const [key, hash] of fromKafka) assert.equal(murmur2(Buffer.from(key)), hash, key);
  assert.equal(murmur2(Uint8Array.from({ length: 256 }, (_, i) => i)), -1948347274);
  assert.equal(murmur2(Uint8Array.of(255, 254, 253)), 998637092);
});

test('hashes a key that stands in the middle of other bytes', () => {
  const bytes = Buffer.from('xx{"id":1}yy');
  assert.equal(murmur2(bytes, 2, bytes.length - 2), -56768732);
});

test('gives a partition that there is, for negative hashes too', () => {
  const key = Buffer.from('{"id":1}');
  assert.equal(partitionOfKey(key, 0, key.length, 7), (-56768732 & 0x7fffffff) % 7);
  assert.equal(partitionOfKey(key, 0, key.length, 1), 0);
});
