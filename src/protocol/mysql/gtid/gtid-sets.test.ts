import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MariadbGtidPosition } from './mariadb-gtid-position.ts';
import { MysqlGtidSet } from './mysql-gtid-set.ts';

const uuids = ['00000000-0000-0000-0000-00000000000a', '11111111-2222-3333-4444-555555555555'];
const tags = ['', 'a', 'tag_2'];

/** A set as a plain list of transactions, `uuid|tag|gno`: the model. */
type Model = ReadonlySet<string>;
const models: fc.Arbitrary<Model> = fc
  .array(fc.tuple(fc.constantFrom(...uuids), fc.constantFrom(...tags), fc.integer({ min: 1, max: 12 })), {
    maxLength: 40,
  })
  .map((list) => new Set(list.map((parts) => parts.join('|'))));

const setOf = (model: Model): MysqlGtidSet => {
  const set = new MysqlGtidSet();
  for (const [uuid, tag, gno] of [...model].map((item) => item.split('|'))) set.add(uuid!, tag!, Number(gno));
  return set;
};

const modelOf = (set: MysqlGtidSet): Model => {
  const all = uuids.flatMap((uuid) =>
    tags.flatMap((tag) => Array.from({ length: 14 }, (_, i) => [uuid, tag, i] as const)),
  );
  return new Set(all.filter(([uuid, tag, gno]) => set.has(uuid, tag, gno)).map((parts) => parts.join('|')));
};

test('sets of MySQL transactions behave as plain lists of them', () => {
  fc.assert(
    fc.property(models, models, (a, b) => {
      const setA = setOf(a);
      const setB = setOf(b);
      assert.deepEqual(modelOf(setA), a);
      assert.deepEqual(modelOf(setA.union(setB)), a.union(b));
      assert.deepEqual(modelOf(setA.subtract(setB)), a.difference(b));
      assert.deepEqual(modelOf(setA.intersect(setB)), a.intersection(b));
      assert.equal(setA.contains(setB), b.isSubsetOf(a));
      assert.equal(setA.equals(setB), a.isSubsetOf(b) && b.isSubsetOf(a));
      assert.equal(setA.isEmpty, a.size === 0);
      assert.equal(setA.subtract(setB).isEmpty, a.isSubsetOf(b));
      // The operands stay as they were.
      assert.deepEqual([modelOf(setA), modelOf(setB)], [a, b]);
    }),
  );
});

test('text and both binary forms give the same set back', () => {
  fc.assert(
    fc.property(models, (model) => {
      const set = setOf(model);
      assert.ok(MysqlGtidSet.parse(set.toString()).equals(set));
      assert.equal(MysqlGtidSet.parse(set.toString()).toString(), set.toString());
      assert.ok(MysqlGtidSet.decode(set.encode()).equals(set));
      assert.ok(MysqlGtidSet.decode(set.encode(true)).equals(set));
      if (set.hasTags) assert.throws(() => set.encode(false), { code: 'GTID_SET_MALFORMED' });
    }),
  );
});

test('a copy does not follow the original', () => {
  const set = MysqlGtidSet.parse(`${uuids[0]}:1-5`);
  const copy = set.clone();
  set.add(uuids[0]!, '', 6);
  copy.add(uuids[1]!, '', 1);
  assert.equal(set.toString(), `${uuids[0]}:1-6`);
  assert.equal(copy.toString(), `${uuids[0]}:1-5,${uuids[1]}:1`);
});

test('numbers up to 2^63 - 2 stay exact, on both sides of what a double can count', () => {
  const edge = `${uuids[0]}:9007199254740988-9007199254740993:9223372036854775805-9223372036854775806`;
  const set = MysqlGtidSet.parse(edge);
  assert.equal(set.toString(), edge);
  assert.equal(MysqlGtidSet.decode(set.encode()).toString(), edge);
  assert.equal(set.has(uuids[0]!, '', 9007199254740991), true);
  assert.equal(set.has(uuids[0]!, '', 9007199254740993n), true);
  assert.equal(set.has(uuids[0]!, '', 9007199254740994n), false);
  const grown = new MysqlGtidSet();
  for (let gno = 2n ** 53n - 3n; gno < 2n ** 53n + 3n; gno += 1n) {
    grown.add(uuids[0]!, '', gno <= Number.MAX_SAFE_INTEGER ? Number(gno) : gno);
  }
  assert.equal(grown.toString(), `${uuids[0]}:9007199254740989-9007199254740994`);
  assert.equal(set.subtract(grown).toString(), `${uuids[0]}:9007199254740988:9223372036854775805-9223372036854775806`);
});

test('reads sets as people write them, and says what is wrong with the others', () => {
  assert.equal(
    MysqlGtidSet.parse(
      ` ${uuids[1]!.toUpperCase()} : 7-9 : 1-3 : 4 : TagX : 5 ,\n${uuids[0]}:1,${uuids[0]}:2-3, `,
    ).toString(),
    `${uuids[0]}:1-3,${uuids[1]}:1-4:7-9:tagx:5`,
  );
  assert.equal(MysqlGtidSet.parse('').toString(), '');
  for (const text of [
    'x',
    '0-1-5',
    uuids[0]!,
    `${uuids[0]}:`,
    `${uuids[0]}:0`,
    `${uuids[0]}:5-3`,
    `${uuids[0]}:1-9223372036854775807`,
    `${uuids[0]}:1-2-3`,
    `${uuids[0]}:-1`,
    `${uuids[0]}:2tag:1`,
  ]) {
    assert.throws(() => MysqlGtidSet.parse(text), { code: 'GTID_SET_MALFORMED' }, text);
  }
});

test('reads the binary sets of the format description', () => {
  const tagged = [
    '01 040000000000 01',
    '65ef84cbe4e911f1b83902fc00000001 00 0100000000000000 0100000000000000 7000000000000000',
    '65ef84cbe4e911f1b83902fc00000001 08 74616778 0100000000000000 0100000000000000 0200000000000000',
    'aaaaaaaabbbbccccddddeeeeffff0001 00 0100000000000000 0700000000000000 0800000000000000',
    'aaaaaaaabbbbccccddddeeeeffff0001 0c 6d795f746167 0100000000000000 0500000000000000 0600000000000000',
  ];
  const bytes = Buffer.from(tagged.join('').replaceAll(' ', ''), 'hex');
  assert.equal(
    MysqlGtidSet.decode(bytes).toString(),
    '65ef84cb-e4e9-11f1-b839-02fc00000001:1-111:tagx:1,aaaaaaaa-bbbb-cccc-dddd-eeeeffff0001:7:my_tag:5',
  );
  assert.deepEqual(MysqlGtidSet.decode(bytes).encode(), bytes);
  assert.equal(MysqlGtidSet.decode(Buffer.alloc(8)).isEmpty, true);
});

test('binary sets that are cut, damaged or absurd are refused with a typed error', () => {
  const bytes = MysqlGtidSet.parse(`${uuids[0]}:1-3:5:a:1,${uuids[1]}:7`).encode();
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => MysqlGtidSet.decode(bytes, 0, length), { name: 'MillraceError' });
  }
  assert.throws(() => MysqlGtidSet.decode(Buffer.concat([bytes, Buffer.from([0])])), { code: 'BYTES_MALFORMED' });
  const manyEntries = Buffer.from('ffffffffffffff00', 'hex');
  assert.throws(() => MysqlGtidSet.decode(manyEntries), { code: 'BYTES_TRUNCATED' });
  assert.throws(() => MysqlGtidSet.decode(Buffer.from('0000000000000002', 'hex')), { code: 'BYTES_MALFORMED' });
});

test('adding a million transactions in order takes constant time each', () => {
  const set = new MysqlGtidSet();
  for (let gno = 1; gno <= 1_000_000; gno += 1) set.add(uuids[0]!, '', gno);
  assert.equal(set.toString(), `${uuids[0]}:1-1000000`);
});

/** A MariaDB position as what it stands for: per domain every transaction up to a number. */
const positions = fc
  .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 })), { maxLength: 8 })
  .map((list) => {
    const position = new MariadbGtidPosition();
    for (const [domain, server, sequence] of list) position.set(domain, server, sequence);
    return position;
  });

const coveredBy = (position: MariadbGtidPosition): Set<string> =>
  new Set(
    position
      .gtids()
      .flatMap(({ domain, sequence }) => Array.from({ length: Number(sequence) }, (_, i) => `${domain}|${i + 1}`)),
  );

test('MariaDB positions cover every transaction up to theirs, domain by domain', () => {
  fc.assert(
    fc.property(positions, positions, (a, b) => {
      assert.equal(a.contains(b), coveredBy(b).isSubsetOf(coveredBy(a)));
      assert.deepEqual(coveredBy(a.union(b)), coveredBy(a).union(coveredBy(b)));
      assert.equal(a.isEmpty, coveredBy(a).size === 0);
      assert.ok(MariadbGtidPosition.parse(a.toString()).equals(a));
      assert.ok(a.clone().equals(a));
      for (let sequence = 0; sequence < 12; sequence += 1) {
        assert.equal(a.has(1, sequence + 1), coveredBy(a).has(`1|${sequence + 1}`));
      }
    }),
  );
});

test('reads MariaDB positions as the server prints them, and says what is wrong with the others', () => {
  const position = MariadbGtidPosition.parse(' 1-2-18446744073709551615, 0-1-5 ');
  assert.equal(position.toString(), '0-1-5,1-2-18446744073709551615');
  assert.deepEqual(position.get(1), { server: 2, sequence: 18446744073709551615n });
  assert.equal(position.get(2), null);
  for (const text of ['0-1', '0-1-5,0-2-6', '4294967296-1-1', '0-1-18446744073709551616', 'a-b-c', `${uuids[0]}:1`]) {
    assert.throws(() => MariadbGtidPosition.parse(text), { code: 'GTID_SET_MALFORMED' }, text);
  }
});

test('of a MariaDB list that names several servers of a domain, the last one is where the domain stands', () => {
  const list = [
    { domain: 0, server: 1, sequence: 90 },
    { domain: 0, server: 2, sequence: 80 },
    { domain: 5, server: 1, sequence: 3 },
  ];
  assert.equal(MariadbGtidPosition.fromList(list).toString(), '0-2-80,5-1-3');
});
