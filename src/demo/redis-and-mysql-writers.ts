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
  /** Tables by the side that owns them; `users` has two owners. */
  readonly #tables: readonly ('stock' | 'visits' | 'users')[];
  #mysql: Connection | null = null;
  #redis: RedisConnection | null = null;

  private constructor(mysqlAddress: Address, redisAddress: RedisAddress, seed: number, twoWay: boolean) {
    this.#tables = twoWay ? ['stock', 'visits', 'users'] : ['stock', 'visits'];
    this.#mysqlAddress = mysqlAddress;
    this.#redisAddress = redisAddress;
    this.#random = new SeededRandom(seed);
  }

  /** `twoWay`: rows of `users` are written on both sides, `note` in MySQL and `n` in Redis. */
  static async open(
    address: Address,
    redisAddress: RedisAddress,
    seed: number,
    twoWay: boolean,
  ): Promise<RedisAndMysqlWriters> {
    const writers = new RedisAndMysqlWriters(address, redisAddress, seed, twoWay);
    const definitions = ['stock', 'visits', 'users'].map(
      (table) => `CREATE TABLE ${database}.${table} (id INT PRIMARY KEY, n BIGINT, note VARCHAR(40))`,
    );
    await writers.#sql(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; ${definitions.join('; ')}`);
    return writers;
  }

  /** Makes transactions on both until `signal` aborts, and answers how many. */
  async write(signal: AbortSignal): Promise<{ readonly intoRedis: number; readonly intoMysql: number }> {
    const isShared = this.#tables.includes('users');
    const [intoRedis, intoMysql] = await Promise.all([
      repeat(signal, (made) => (isShared && made % 2 === 1 ? this.#changeUsersHere() : this.#changeStock())),
      repeat(signal, (made) => (isShared && made % 2 === 1 ? this.#changeUsersThere() : this.#changeVisits())),
    ]);
    return { intoRedis, intoMysql };
  }

  /** What is not the same on both sides, with how many rows there are. */
  async compare(): Promise<{ readonly rows: number; readonly different: readonly string[] }> {
    const different: string[] = [];
    let rows = 0;
    for (const table of this.#tables) {
      const inMysql = await this.#tableOf(table);
      const inRedis = await this.#hashesOf(table);
      rows += inMysql.size;
      for (const id of new Set([...inMysql.keys(), ...inRedis.keys()])) {
        const [row, hash] = [inMysql.get(id) ?? 'no row', inRedis.get(id) ?? 'no hash'];
        if (row !== hash) different.push(`${table} ${id}: ${row} in MySQL, ${hash} in Redis`);
      }
    }
    return { rows, different };
  }

  /** Makes rows on which `provoke` tries two owners. */
  async prepare(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, i) => `(${i + 1}, 5, 'ready')`).join();
    await this.#sql(`INSERT INTO ${database}.users VALUES ${rows} ON DUPLICATE KEY UPDATE note = 'ready'`);
  }

  /** Writes `count` rows of each table on the side that does not own them, or that part: there they are conflicts. Each once, however often it is asked. */
  async provoke(count: number): Promise<void> {
    const commands = new CommandWriter();
    for (let id = 1; id <= count; id += 1) {
      commands.add('HSET', `stock:${id}`, 'n', -id, 'note', 'of the wrong side');
      commands.add('HSET', `user:${id}`, 'note', 'of the wrong side');
    }
    await this.#ask(commands);
    const rows = Array.from({ length: count }, (_, i) => `(${i + 1}, -${i + 1}, 'of the wrong side')`).join();
    await this.#sql(`REPLACE INTO ${database}.visits VALUES ${rows}`);
    await this.#sql(`UPDATE ${database}.users SET n = -1 - id WHERE id <= ${count}`);
  }

  /** Writes the same rows where they belong: all that their owners see of the conflicts is written over. */
  async heal(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, i) => `(${i + 1}, ${i + 1}, 'healed')`).join();
    await this.#sql(`REPLACE INTO ${database}.stock VALUES ${rows}`);
    await this.#sql(`UPDATE ${database}.users SET note = 'healed' WHERE id <= ${count}`);
    const commands = new CommandWriter();
    for (let id = 1; id <= count; id += 1) {
      commands.add('HSET', `visit:${id}`, 'n', id, 'note', 'healed');
      commands.add('HSET', `user:${id}`, 'n', id);
    }
    await this.#ask(commands);
  }

  /** What each side holds of its own. */
  async owned(): Promise<readonly ReadonlyMap<string, string>[]> {
    const partOf = (rows: ReadonlyMap<string, string>, from: number, to?: number): ReadonlyMap<string, string> =>
      new Map([...rows].map(([id, text]) => [id, text.split(' ').slice(from, to).join(' ')]));
    return [
      await this.#tableOf('stock'),
      await this.#hashesOf('visits'),
      partOf(await this.#tableOf('users'), 1),
      partOf(await this.#hashesOf('users'), 0, 1),
    ];
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

  /** MySQL's part of rows with two owners: that they are there, and `note`. */
  async #changeUsersHere(): Promise<void> {
    const random = this.#random;
    const statements = Array.from({ length: random.between(1, 3) }, () => {
      const id = random.between(1, ids);
      const note = `note ${random.between(1, 1e6)}`;
      if (random.chance(0.5)) return `UPDATE ${database}.users SET note = '${note}' WHERE id = ${id}`;
      if (random.chance(0.3)) return `DELETE FROM ${database}.users WHERE id = ${id}`;
      return `INSERT INTO ${database}.users VALUES (${id}, ${random.between(1, 1e6)}, '${note}') ON DUPLICATE KEY UPDATE note = VALUES(note)`;
    });
    await this.#sql(`START TRANSACTION; ${statements.join('; ')}; COMMIT`);
  }

  /** Redis's part of them: `n`, also of rows that are not there yet. */
  async #changeUsersThere(): Promise<void> {
    const random = this.#random;
    const commands = new CommandWriter();
    const key = `user:${random.between(1, ids)}`;
    if (random.chance(0.6)) commands.add('HINCRBY', key, 'n', 1);
    else if (random.chance(0.7)) commands.add('HSET', key, 'n', random.between(1, 1e6));
    else commands.add('HDEL', key, 'n');
    await this.#ask(commands);
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

  async #tableOf(table: 'stock' | 'visits' | 'users'): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#sql(`SELECT id, n, note FROM ${database}.${table}`);
    return new Map((rows as (string | null)[][]).map(([id, n, note]) => [id!, `${n ?? '-'} ${note ?? '-'}`]));
  }

  async #hashesOf(table: 'stock' | 'visits' | 'users'): Promise<ReadonlyMap<string, string>> {
    const prefix = { stock: 'stock:', visits: 'visit:', users: 'user:' }[table];
    const commands = new CommandWriter();
    for (let id = 1; id <= ids; id += 1) commands.add('HMGET', `${prefix}${id}`, 'n', 'note');
    for (let id = 1; id <= ids; id += 1) {
      // Of a row that MySQL does not have, what Redis owns may be there.
      if (table === 'users') commands.add('HEXISTS', `${prefix}${id}`, 'id');
      else commands.add('EXISTS', `${prefix}${id}`);
    }
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
        // The server's own refusals are positive numbers, but for 1053, by which it says that it is ending. Rows with two owners are
        // written by a sink, too, so that one of the two may have to give way: 1205, 1213.
        const { errno = 0 } = error as { readonly errno?: number };
        if (errno > 0 && ![1053, 1205, 1213].includes(errno)) throw error;
        this.#mysql?.destroy();
        this.#mysql = null;
        await sleep(20);
      }
    }
  }
}

/** Makes `change` again and again at a steady rate, and counts. */
const repeat = async (signal: AbortSignal, change: (made: number) => Promise<void>): Promise<number> => {
  const started = performance.now();
  let made = 0;
  while (!signal.aborted) {
    await change(made);
    made += 1;
    const aheadMs = (made / perSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 5) await sleep(aheadMs);
  }
  return made;
};
