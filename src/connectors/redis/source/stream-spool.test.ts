import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import type { LinkPlace } from './link-place.ts';
import { StreamSpool } from './stream-spool.ts';

const id = '8de1787ba490483314a4d30f1c628bc5025eb761';
const otherId = '1f628bc5025eb7618de1787ba490483314a4d30c';
const begin: LinkPlace = { replicationId: id, offset: 1_000, database: 0 };
const maxBytes = 64 * 1024 * 1024;

const folder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'millrace-spool-test-'));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true }) };
};

const pattern = Buffer.from(Array.from({ length: 500_000 }, (_, i) => i % 251));
/** Bytes that tell where they stand in the stream. */
const bytesAt = (at: number, length: number): Buffer => Buffer.from(pattern.subarray(at % 251, (at % 251) + length));

const takeAll = async (spool: StreamSpool): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for (let piece = await spool.take(); piece !== null; piece = await spool.take()) pieces.push(piece);
  return Buffer.concat(pieces);
};

for (const directory of ['kept', 'temporary'] as const) {
  test(`${directory}: what comes in is what goes out, in its order, however far the taking falls behind`, async () => {
    await using home = await folder();
    const random = new SeededRandom(7);
    await using spool = new StreamSpool({ directory: directory === 'kept' ? home.path : null, maxBytes });
    await spool.begin(begin);
    let [sent, taken] = [1_000, 1_000];
    const takeSome = async (pieces: number): Promise<void> => {
      for (let i = 0; i < pieces; i += 1) {
        const piece = await spool.take();
        if (piece === null) return;
        assert.ok(piece.equals(bytesAt(taken, piece.length)), `what came at ${taken}`);
        taken += piece.length;
      }
    };
    // Behind by far more than memory holds, then caught up with, and again.
    for (let round = 0; round < 40; round += 1) {
      const takes: Promise<void> = takeSome(random.integer(0, round % 10 === 9 ? 1_000 : 2));
      for (let i = 0; i < 3; i += 1) {
        const piece = bytesAt(sent, random.integer(1, 400_000));
        sent += piece.length;
        await spool.append(piece);
      }
      await takes;
      await spool.release(taken);
    }
    await takeSome(Number.POSITIVE_INFINITY);
    assert.equal(taken, sent);
    assert.equal(spool.end, sent);
    assert.equal(await spool.take(), null);
  });
}

test('what was kept is there after a kill, from any place on, up to the last piece that is whole', async () => {
  await using home = await folder();
  const options = { directory: home.path, maxBytes: 8_000 };
  await using killed = new StreamSpool(options);
  await killed.begin(begin);
  for (let at = 1_000; at < 6_000; at += 500) await killed.append(bytesAt(at, 500));
  await killed.release(2_600);
  const files = (await readdir(join(home.path, id))).sort();
  assert.ok(files.length > 2 && files[0]! > '0000000000001000.stream', 'nothing was deleted');

  for (const offset of [2_600, 2_999, 3_000, 5_999]) {
    await using spool = new StreamSpool(options);
    await spool.resume({ ...begin, offset });
    assert.equal(spool.end, 6_000);
    assert.deepEqual(await takeAll(spool), bytesAt(offset, 6_000 - offset));
  }

  // The last piece is cut, and the stream goes on behind what is whole, after a failover under another name.
  const last = join(home.path, id, files.at(-1)!);
  await truncate(last, 600);
  {
    await using spool = new StreamSpool(options);
    await spool.resume({ ...begin, offset: 5_100 });
    assert.equal(spool.end, 5_500);
    await spool.goOn({ ...begin, replicationId: otherId, offset: 5_100 });
    await spool.append(bytesAt(5_500, 700));
    assert.deepEqual(await takeAll(spool), bytesAt(5_100, 1_100));
  }
  assert.deepEqual(await readdir(home.path), [otherId]);
  await using spool = new StreamSpool(options);
  await spool.resume({ replicationId: otherId, offset: 5_700, database: 0 });
  assert.deepEqual(await takeAll(spool), bytesAt(5_700, 500));
});

test('what does not join what is held is thrown away, and so is what a full resynchronisation replaces', async () => {
  await using home = await folder();
  const options = { directory: home.path, maxBytes };
  {
    await using spool = new StreamSpool(options);
    await spool.begin(begin);
    await spool.append(bytesAt(1_000, 500));
  }
  {
    await using spool = new StreamSpool(options);
    await spool.resume({ ...begin, offset: 900 });
    assert.equal(spool.end, 900);
    assert.equal(await spool.take(), null);
    await spool.append(bytesAt(900, 50));
    await spool.begin({ replicationId: otherId, offset: 40, database: 0 });
    assert.equal(await spool.take(), null);
  }
  assert.deepEqual(await readdir(home.path), [otherId]);
});

test('it is full at its size, and has room again when all of it was taken', async () => {
  await using spool = new StreamSpool({ directory: null, maxBytes: 1_000_000 });
  await spool.begin(begin);
  let pieces = 0;
  for (; !spool.isFull; pieces += 1) await spool.append(Buffer.alloc(100_000));
  // Four megabytes are in memory.
  assert.ok(pieces > 50 && pieces < 60, String(pieces));
  assert.equal((await takeAll(spool)).length, pieces * 100_000);
  assert.ok(!spool.isFull);
});

test('a folder that cannot be one is named', async () => {
  await using home = await folder();
  await writeFile(join(home.path, 'file'), '');
  await using spool = new StreamSpool({ directory: join(home.path, 'file'), maxBytes });
  await assert.rejects(spool.begin(begin), (error) => isMillraceError(error, 'REDIS_SPOOL_FAILED'));
});
