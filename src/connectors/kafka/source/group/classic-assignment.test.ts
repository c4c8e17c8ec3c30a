import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { laneOf } from '../lane.ts';
import {
  rangeAssignment,
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from './classic-assignment.ts';

test('subscriptions and assignments are the bytes that Kafka’s own consumers write', () => {
  assert.equal(writeSubscription(['ab', 'c']).toString('hex'), '00000000000200026162000163ffffffff');
  const partitions = [0, 2].map((partition) => ({ topic: 'ab', partition }));
  const bytes = writeAssignment(partitions);
  assert.equal(bytes.toString('hex'), '000000000001000261620000000200000000' + '00000002ffffffff');
  assert.deepEqual(readAssignment(bytes, 'g'), partitions);
  assert.deepEqual(readAssignment(Buffer.alloc(0), 'g'), []);
  // A later version has more behind the topics.
  const later = Buffer.concat([Buffer.from('0003', 'hex'), writeSubscription(['ab']).subarray(2), Buffer.alloc(20)]);
  assert.deepEqual(readSubscription(later, 'g'), ['ab']);
});

test('bytes that are cut, or of another protocol, end the membership', () => {
  const whole = writeAssignment([{ topic: 'abc', partition: 7 }]);
  for (let length = 1; length < whole.length - 4; length += 1) {
    assert.throws(() => readAssignment(whole.subarray(0, length), 'g'), { code: 'KAFKA_GROUP_MEMBER_GONE' });
  }
  assert.throws(() => readSubscription(Buffer.from('00007fffffff', 'hex'), 'g'), { code: 'KAFKA_GROUP_MEMBER_GONE' });
});

test('each partition is given to one member that asks for its topic, and shares differ by one at most', () => {
  fc.assert(
    fc.property(
      fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 1, maxLength: 6 }),
      fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7)),
      (wanted, [a, b, c]) => {
        const members = new Map(wanted.map((topics, i) => [`m${i}`, topics]));
        const counts = new Map(Object.entries({ a, b, c }));
        const given = rangeAssignment(members, counts);
        for (const [topic, count] of counts) {
          const asking = [...members].filter(([, topics]) => topics.includes(topic));
          const shares = asking.map(([member]) => given.get(member)!.filter((name) => name.topic === topic));
          const lanes = shares.flat().map(laneOf);
          assert.equal(lanes.length, asking.length === 0 ? 0 : count);
          assert.equal(new Set(lanes).size, lanes.length);
          const sizes = shares.map(({ length }) => length);
          if (sizes.length > 0) assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
        }
      },
    ),
  );
});
