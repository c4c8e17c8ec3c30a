import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeCommand } from '../../../../protocol/redis/command-writer.ts';
import { HeldRows, readRedisFile } from '../../../../testing/redis-source-rig.ts';

const settings = {
  schema: `CREATE TABLE d.names (id INT PRIMARY KEY, name VARBINARY(200), gone DATETIME(3));
    CREATE TABLE d.tags (id INT, tag VARCHAR(40), PRIMARY KEY (id, tag));
    CREATE TABLE d.scores (id INT, player VARCHAR(40), score DOUBLE, PRIMARY KEY (id, player));
    CREATE TABLE d.items (id INT, position INT, item VARCHAR(40), PRIMARY KEY (id, position))`,
  'source.tableId-to-key.mapping': 'd.names=name:%{id};d.tags=tags:%{id};d.scores=scores:%{id};d.items=items:%{id}',
  'source.tableId-to-type.mapping': 'd.names=string;d.tags=set;d.scores=zset;d.items=list',
  'expiry.column': 'gone',
};

/** Reads a log of these commands, and notes, which begin with `#`. */
const read = async (...lines: readonly string[]): Promise<HeldRows> => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-log-test-'));
  try {
    const path = join(folder, 'appendonly.aof');
    const parts = lines.map((line) =>
      line.startsWith('#') ? Buffer.from(`${line}\r\n`) : encodeCommand(...(line.split(' ') as [string])),
    );
    await writeFile(path, Buffer.concat([encodeCommand('SELECT', '0'), ...parts]));
    const held = new HeldRows();
    await readRedisFile(path, held, settings);
    return held;
  } finally {
    await rm(folder, { recursive: true });
  }
};

const refused: readonly (readonly [readonly string[], RegExp])[] = [
  [['PFADD name:1 a'], /KEY_UNREADABLE .*key name:1 .*PFADD at byte 23 /],
  // The key is not there before, and would be no row where the command is passed over.
  [
    ['GEOSEARCHSTORE scores:1 places FROMLONLAT 1 1 BYRADIUS 5 km STOREDIST'],
    /KEY_UNREADABLE .*scores:1 .*GEOSEARCHSTORE at byte 23 /,
  ],
  [['GEORADIUS places 1 1 5 km STOREDIST scores:1'], /KEY_UNREADABLE .*scores:1 .*GEORADIUS at byte/],
  // A place on the other side of the date line, and one on the edge of what is looked for.
  [
    ['ZADD places 4503599627370495 a', 'GEOSEARCHSTORE scores:1 places FROMLONLAT 179.9 1 BYRADIUS 50 km'],
    /KEY_UNREADABLE .*scores:1 .*GEOSEARCHSTORE at byte/,
  ],
  [
    ['ZADD places 3377699720527872 a', 'GEORADIUSBYMEMBER places a 0 m STORE scores:1'],
    /KEY_UNREADABLE .*scores:1 .*GEORADIUSBYMEMBER at byte/,
  ],
  [
    ['NEWLY places', 'GEOSEARCHSTORE scores:1 places FROMMEMBER a BYRADIUS 5 km'],
    /KEY_UNREADABLE .*scores:1 .*NEWLY at/,
  ],
  // Elements that weigh the same come in no order that is told; what is not known weighs nothing that is known.
  [['SADD other 1 2', 'SORT other BY w* ALPHA STORE items:1'], /KEY_UNREADABLE .*items:1 .*SORT at byte/],
  [['SADD other 1 2', 'NEWLY w1', 'SORT other BY w* STORE items:1'], /KEY_UNREADABLE .*items:1 .*NEWLY at byte/],
  [['SADD other 1 2', 'NEWLY x2', 'SORT other GET x* STORE items:1'], /KEY_UNREADABLE .*items:1 .*NEWLY at byte/],
  [['SET a x', 'BITOP NEWLY name:1 a a'], /KEY_UNREADABLE .*name:1 .*BITOP NEWLY at byte/],
  // A range of names is only what it says where all scores are the same.
  [['ZADD scores:1 1 a 2 b', 'ZREMRANGEBYLEX scores:1 - [a'], /KEY_UNREADABLE .*scores:1 .*ZREMRANGEBYLEX at byte/],
  [['ZADD z 1 a 2 b', 'ZRANGESTORE scores:1 z - [a BYLEX'], /KEY_UNREADABLE .*scores:1 .*ZRANGESTORE at byte/],
  // What comes of a key in doubt is in doubt.
  [['SADD other 1', 'NEWLY other', 'SUNIONSTORE tags:1 tags:2 other'], /KEY_UNREADABLE .*tags:1 .*NEWLY at byte/],
  [['SADD other 1', 'NEWLY other', 'SMOVE other tags:1 5'], /KEY_UNREADABLE .*tags:1 .*NEWLY at byte/],
  [['RPUSH other 1', 'NEWLY other', 'LMOVE other items:1 LEFT LEFT'], /KEY_UNREADABLE .*items:1 .*NEWLY at byte/],
  [['PFADD other 1', 'RENAME other name:1'], /KEY_UNREADABLE .*name:1 .*PFADD at byte/],
  [['SET name:1 x', 'PEXPIRE name:1 500'], /KEY_UNREADABLE .*name:1 .*expires in 500 ms from a time/],
  [
    ['SET name:1 x', 'RENAME name:1 name:2', 'EXPIRE name:2 5'],
    /KEY_UNREADABLE .*name:2 .*expires in 5000 ms from a time/,
  ],
  [
    ['HSET h a x', 'HPEXPIRE h 500 FIELDS 1 a', 'RENAME h name:1'],
    /KEY_UNREADABLE .*name:1 .*a field expires in 500 ms/,
  ],
  [['HSETEX h PX 500 FIELDS 1 a x', 'RENAME h name:1'], /KEY_UNREADABLE .*name:1 .*a field expires in 500 ms/],
  [['EVAL script 0'], /FILE_UNREADABLE .*EVAL at byte 23 may have changed any key/],
  [['SET name:1 x', 'FCALL f 0'], /FILE_UNREADABLE .*appendonly.aof .*FCALL at byte/],
];

for (const [lines, words] of refused) {
  test(`a log of ${lines.join(', ')} stops before the first row, with the place`, async () => {
    await assert.rejects(read(...lines), (error: Error) => {
      assert.match(`${(error as { code?: string }).code} ${error.message}`, words);
      if (words.source.startsWith('FILE'))
        assert.equal((error.cause as { code?: string }).code, 'REDIS_COMMANDS_UNKNOWN');
      return true;
    });
  });
}

test('a key in doubt that is replaced or deleted, and one of no row, hold nothing up', async () => {
  const { rows } = await read(
    ...['PFADD name:1 a', 'SET name:1 x', 'PFADD name:2 a', 'DEL name:2', 'PFADD other a'],
    ...['SADD some 1', 'NEWLY tags:1', 'SUNIONSTORE tags:1 some', '#TS:4102444800', 'PEXPIRE name:1 123'],
  );
  assert.deepEqual(
    [...rows.values()],
    [
      [1, new Uint8Array(Buffer.from('x')), '2100-01-01 00:00:00.123'],
      [1, '1'],
    ],
  );
});
