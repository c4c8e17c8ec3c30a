import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMillraceError } from '../../src/core/errors.ts';
import { CountingVisitor } from '../../src/protocol/redis/rdb/counting-visitor.ts';
import { RdbReader } from '../../src/protocol/redis/rdb/rdb-reader.ts';
import { fillEveryEncoding, fillExpiringFields } from '../../src/testing/redis-corpus.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { launchRedis } from '../../src/testing/servers/launch-redis.ts';
import { type RedisName, redisCatalogue } from '../../src/testing/servers/redis-program.ts';
import { connectRedis } from '../../src/testing/servers/redis-rig.ts';
import type { Soak } from './soak.ts';

/** A read that takes longer hangs: a whole file is read in a few milliseconds. */
const patienceMs = 10_000;

/**
 * Saved files with every type in every encoding, made on each server: cut at every byte, and with `--flips` random bits turned, one at a
 * time and all servers together. Each is refused with a code, in bounded time and with no more memory than the file's size gives reason for.
 */
export const soak: Soak = {
  options: { flips: 100_000, seed: 1 },
  async run({ flips = 0, seed = 0 }, progress) {
    const random = new SeededRandom(seed);
    const figures = { files: 0, bytes: 0, keys: 0, cuts: 0, flips: 0, slowestMs: 0, mostMemoryBytes: 0 };
    for (const { name } of redisCatalogue) {
      const file = await saved(name);
      const whole = new CountingVisitor();
      new RdbReader(whole).write(file);
      figures.files += 1;
      figures.bytes += file.length;
      figures.keys += whole.keys;
      progress(`${name}: ${file.length} bytes, cut at each`);
      figures.cuts += cutEverywhere(file);
      const share = Math.ceil(flips / redisCatalogue.length);
      for (let flip = 0; flip < share; flip += 1) {
        const { ms, memory } = turnBit(file, random.integer(0, file.length * 8 - 1));
        figures.flips += 1;
        figures.slowestMs = Math.max(figures.slowestMs, Math.ceil(ms));
        figures.mostMemoryBytes = Math.max(figures.mostMemoryBytes, memory);
        if (flip % 1_000 === 0) progress(`${name}: ${flip} of ${share} bits turned`);
      }
    }
    return { ...figures, unnoticed: 0 };
  },
};

const saved = async (server: RedisName): Promise<Buffer> => {
  await using redis = await launchRedis({ server });
  await using connection = await connectRedis(redis);
  await fillEveryEncoding(connection);
  await fillExpiringFields(connection);
  await connection.command('SAVE');
  return await readFile(join(redis.folder, 'dump.rdb'));
};

/** A file that ends behind any of its bytes is not whole: the bytes come one by one, and after each it is asked whether it may end. */
const cutEverywhere = (file: Buffer): number => {
  const reader = new RdbReader(new CountingVisitor());
  for (let at = 0; at < file.length; at += 1) {
    assert.throws(
      () => reader.end(),
      (error) => isMillraceError(error, 'REDIS_RDB_CUT'),
      `cut at ${at}`,
    );
    reader.write(file.subarray(at, at + 1));
  }
  reader.end();
  return file.length;
};

const turnBit = (file: Buffer, bit: number): { readonly ms: number; readonly memory: number } => {
  const turned = Buffer.from(file);
  turned[bit >> 3] = turned[bit >> 3]! ^ (1 << (bit & 7));
  const before = process.memoryUsage().arrayBuffers;
  const started = performance.now();
  let rest: Buffer | null = null;
  let code: string | null = null;
  try {
    const reader = new RdbReader(new CountingVisitor());
    rest = reader.write(turned);
    reader.end();
  } catch (error) {
    assert.ok(isMillraceError(error), `bit ${bit}: ${(error as Error).stack}`);
    code = error.code;
  }
  const ms = performance.now() - started;
  const memory = process.memoryUsage().arrayBuffers - before;
  // Files of versions before 5 have no checksum: their last eight bytes lie behind the end.
  assert.ok(code?.startsWith('REDIS_RDB_') || rest?.length === 8, `bit ${bit} went unnoticed (${code})`);
  assert.ok(ms < patienceMs, `bit ${bit} took ${ms} ms`);
  // What LZF packs may be larger than the file by its own greatest ratio, and never by the word of a length.
  assert.ok(memory < 64 * file.length, `bit ${bit} took ${memory} bytes for a file of ${file.length}`);
  return { ms, memory };
};
