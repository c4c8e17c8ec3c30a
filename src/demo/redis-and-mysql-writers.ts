import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import type { RedisConnection } from '../connectors/redis/connection.ts';
import { isMillraceError } from '../core/errors.ts';
import { CommandWriter } from '../protocol/redis/command-writer.ts';
import { ReplyError } from '../protocol/redis/reply.ts';
import type { Address } from '../testing/mysql-rig.ts';
import { connectRedis } from '../testing/servers/redis-rig.ts';
import { SeededRandom } from './seeded-random.ts';

interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const database = 'redis_under_faults';
/** Few enough that rows are written, changed and deleted again and again. */
const ids = 400;
const perSecond = 150;

/**
 * Applications that write into a MySQL and into a Redis, each its own keys, though both servers crash. Whether what was under way at a
 * crash was done nobody knows: what counts is what the servers hold in the end.
 */
export class RedisAndMysqlWriters {
  readonly #mysqlAddress: Address;
  readonly #redisAddress: RedisAddress;
  readonly #random: SeededRandom;
  #mysql: Connection | null = null;
  #redis: RedisConnection | null = null;

  private constructor(mysqlAddress: Address, redisAddress: RedisAddress, seed: number) {
    this.#mysqlAddress = mysqlAddress;
    this.#redisAddress = redisAddress;
    this.#random = new SeededRandom(seed);
  }

  static async open(address: Address, redisAddress: RedisAddress, seed: number): Promise<RedisAndMysqlWriters> {
    const writers = new RedisAndMysqlWriters(address, redisAddress, seed);
    await writers.#sql(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database};
      CREATE TABLE ${database}.stock (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40));
      CREATE TABLE ${database}.visits (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40))`);
    return writers;
  }

  /** Makes transactions on both until `signal` aborts, and answers how many. */
  async write(signal: AbortSignal): Promise<{ readonly intoRedis: number; readonly intoMysql: number }> {
    const [intoRedis, intoMysql] = await Promise.all([
      repeat(signal, () => this.#changeStock()),
      repeat(signal, () => this.#changeVisits()),
    ]);
    return { intoRedis, intoMysql };
  }

  /** What is not the same on both sides, with how many rows there are. */
  async compare(): Promise<{ readonly rows: number; readonly different: readonly string[] }> {
    const different: string[] = [];
    let rows = 0;
    for (const [table, prefix] of [
      ['stock', 'stock:'],
      ['visits', 'visit:'],
    ] as const) {
      const inMysql = await this.#tableOf(table);
      const inRedis = await this.#hashesOf(prefix);
      rows += inMysql.size;
      for (const id of new Set([...inMysql.keys(), ...inRedis.keys()])) {
        const [row, hash] = [inMysql.get(id) ?? 'no row', inRedis.get(id) ?? 'no hash'];
        if (row !== hash) different.push(`${table} ${id}: ${row} in MySQL, ${hash} in Redis`);
      }
    }
    return { rows, different };
  }

  /** Writes `count` rows of each side's own on the other side: there they are conflicts. Each once, however often it is asked. */
  async provoke(count: number): Promise<void> {
    const commands = new CommandWriter();
    for (let id = 1; id <= count; id += 1) commands.add('HSET', `stock:${id}`, 'n', -id, 'note', 'of the wrong side');
    await this.#ask(commands);
    const rows = Array.from({ length: count }, (_, i) => `(${i + 1}, -${i + 1}, 'of the wrong side')`).join();
    await this.#sql(`REPLACE INTO ${database}.visits VALUES ${rows}`);
  }

  /** Writes the same rows where they belong: all that their owners see of the conflicts is written over. */
  async heal(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, i) => `(${i + 1}, ${i + 1}, 'healed')`).join();
    await this.#sql(`REPLACE INTO ${database}.stock VALUES ${rows}`);
    const commands = new CommandWriter();
    for (let id = 1; id <= count; id += 1) commands.add('HSET', `visit:${id}`, 'n', id, 'note', 'healed');
    await this.#ask(commands);
  }

  /** What each side holds of its own rows. */
  async owned(): Promise<readonly ReadonlyMap<string, string>[]> {
    return [await this.#tableOf('stock'), await this.#hashesOf('visit:')];
  }

  async close(): Promise<void> {
    this.#redis?.close();
    this.#mysql?.destroy();
  }

  async #changeStock(): Promise<void> {
    const random = this.#random;
    const statements = Array.from({ length: random.between(1, 4) }, () => {
      const id = random.between(1, ids);
      const kind = random.between(0, 9);
      if (kind < 5) {
        const note = random.chance(0.2) ? 'NULL' : `'note ${random.between(1, 1e6)}'`;
        return `INSERT INTO ${database}.stock VALUES (${id}, ${random.between(1, 1e9)}, ${note}) ON DUPLICATE KEY UPDATE n = VALUES(n), note = VALUES(note)`;
      }
      if (kind < 8) return `UPDATE ${database}.stock SET n = n + 1 WHERE id = ${id}`;
      return `DELETE FROM ${database}.stock WHERE id = ${id}`;
    });
    await this.#sql(`START TRANSACTION; ${statements.join('; ')}; COMMIT`);
  }

  async #changeVisits(): Promise<void> {
    const random = this.#random;
    const commands = new CommandWriter();
    const several = random.chance(0.3);
    if (several) commands.add('MULTI');
    for (let left = several ? random.between(2, 5) : 1; left > 0; left -= 1) {
      const key = `visit:${random.between(1, ids)}`;
      const kind = random.between(0, 9);
      if (kind < 4) commands.add('HSET', key, 'n', random.between(1, 1e9), 'note', `note ${random.between(1, 1e6)}`);
      else if (kind < 6) commands.add('HINCRBY', key, 'n', 1);
      else if (kind < 7) commands.add('HSET', key, 'note', 'changed alone');
      else if (kind < 8) commands.add('HDEL', key, 'note');
      else commands.add('DEL', key);
    }
    if (several) commands.add('EXEC');
    await this.#ask(commands);
  }

  async #tableOf(table: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#sql(`SELECT id, n, note FROM ${database}.${table}`);
    return new Map((rows as (string | null)[][]).map(([id, n, note]) => [id!, `${n ?? '-'} ${note ?? '-'}`]));
  }

  async #hashesOf(prefix: string): Promise<ReadonlyMap<string, string>> {
    const commands = new CommandWriter();
    for (let id = 1; id <= ids; id += 1) commands.add('HMGET', `${prefix}${id}`, 'n', 'note');
    for (let id = 1; id <= ids; id += 1) commands.add('EXISTS', `${prefix}${id}`);
    const replies = await this.#ask(commands);
    const hashes = new Map<string, string>();
    for (let id = 1; id <= ids; id += 1) {
      const [n, note] = replies[id - 1] as (Buffer | null)[];
      if (replies[ids + id - 1] === 1) hashes.set(String(id), `${n ?? '-'} ${note ?? '-'}`);
    }
    return hashes;
  }

  /** Asks again and again while the server is away or loading. */
  async #ask(commands: CommandWriter): Promise<readonly unknown[]> {
    for (;;) {
      try {
        this.#redis ??= await connectRedis(this.#redisAddress);
        const replies = await this.#redis.send(commands.view(), commands.commands);
        const refusal = replies.find((reply) => reply instanceof ReplyError);
        if (refusal === undefined) return replies;
        if (refusal.code !== 'LOADING' && refusal.code !== 'EXECABORT') throw refusal;
      } catch (error) {
        if (!isMillraceError(error) || !error.retryable) throw error;
        this.#redis?.close();
        this.#redis = null;
      }
      await sleep(20);
    }
  }

  /** The rows of the last statement; again and again while the server is away. */
  async #sql(text: string): Promise<unknown> {
    const { host, port, user, password } = this.#mysqlAddress;
    for (;;) {
      try {
        this.#mysql ??= await mysql.createConnection({ host, port, user, password, multipleStatements: true });
        const [rows] = await this.#mysql.query({ sql: text, rowsAsArray: true, typeCast: (field) => field.string() });
        return rows;
      } catch (error) {
        // The server's own refusals are positive numbers, but for 1053, by which it says that it is ending.
        const { errno = 0 } = error as { readonly errno?: number };
        if (errno > 0 && errno !== 1053) throw error;
        this.#mysql?.destroy();
        this.#mysql = null;
        await sleep(20);
      }
    }
  }
}

/** Makes `change` again and again at a steady rate, and counts. */
const repeat = async (signal: AbortSignal, change: () => Promise<void>): Promise<number> => {
  const started = performance.now();
  let made = 0;
  while (!signal.aborted) {
    await change();
    made += 1;
    const aheadMs = (made / perSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 5) await sleep(aheadMs);
  }
  return made;
};
