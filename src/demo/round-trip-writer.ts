import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import type { Address } from '../testing/mysql-rig.ts';
import { SeededRandom } from './seeded-random.ts';

export const database = 'ledger';
/** Where the rows end, in tables of the same names. */
export const copyDatabase = 'ledger_copy';

/** The tables, in the words that also tell a reader of their messages what the columns are. */
export const tables: readonly string[] = [
  `CREATE TABLE ${database}.accounts (id INT UNSIGNED PRIMARY KEY, owner VARCHAR(40) NOT NULL, balance DECIMAL(18,4) NOT NULL,
    state ENUM('open','closed') NOT NULL, opened DATETIME(6) NOT NULL, seen TIMESTAMP(3) NULL, mark VARBINARY(16), big BIGINT UNSIGNED)`,
  `CREATE TABLE ${database}.entries (account INT UNSIGNED, number INT, amount DECIMAL(18,4) NOT NULL, note VARCHAR(200) COLLATE utf8mb4_bin,
    facts JSON, ratio DOUBLE, PRIMARY KEY (account, number))`,
];

/** Writes transactions of accounts and their entries, and outlives crashes of the server: what was not acknowledged is looked up. */
export class RoundTripWriter {
  /** Transactions that are known to be committed. */
  transactions = 0;
  readonly #address: Address;
  readonly #random: SeededRandom;
  #connection: Connection | null = null;

  constructor(address: Address, seed: number) {
    this.#address = address;
    this.#random = new SeededRandom(seed);
  }

  /** Makes the tables, empty. */
  async prepare(): Promise<void> {
    const connection = await this.#connect(null);
    await connection.query(`DROP DATABASE IF EXISTS ${database}`);
    await connection.query(`CREATE DATABASE ${database}`);
    for (const table of tables) await connection.query(table);
    connection.destroy();
  }

  /** Until the signal aborts, about so many transactions a second. */
  async write(perSecond: number, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    while (!signal.aborted) {
      try {
        await this.#transaction();
        this.transactions += 1;
      } catch (error) {
        if (isRefusal(error)) throw error;
        // The server is down or just was; whether it has the transaction does not matter: both sides are compared in the end.
        this.close();
        await sleep(100);
        continue;
      }
      const ahead = (this.transactions / perSecond) * 1_000 - (performance.now() - started);
      if (ahead > 0) await sleep(Math.min(ahead, 100));
    }
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  async #transaction(): Promise<void> {
    const random = this.#random;
    const connection = await this.#connected();
    const account = random.between(1, 2_000);
    const amount = `${random.between(-9_999, 9_999)}.${String(random.between(0, 9_999)).padStart(4, '0')}`;
    await connection.query('BEGIN');
    await connection.query(
      `INSERT INTO accounts VALUES (?, ?, ?, 'open', NOW(6), NOW(3), UNHEX(LEFT(SHA2(?, 256), 32)), ?) ON DUPLICATE KEY UPDATE
       balance = balance + VALUES(balance), seen = VALUES(seen), state = IF(state = 'open', 'closed', 'open')`,
      [account, `owner ${account} “ü\\'"`, amount, account, (2n ** 64n - BigInt(account)).toString()],
    );
    const count = random.chance(0.02) ? random.between(200, 600) : random.between(0, 5);
    const entries = Array.from({ length: count }, () => [
      account,
      random.between(1, 1_000),
      amount,
      random.chance(0.2) ? null : `note ${'x'.repeat(random.between(0, 120))}\n`,
      JSON.stringify({ n: random.between(0, 9), tags: ['a', 'é'] }),
      random.next() * 1_000,
    ]);
    if (entries.length > 0) await connection.query(`REPLACE INTO entries VALUES ?`, [entries]);
    if (random.chance(0.15)) await connection.query(`DELETE FROM entries WHERE account = ? LIMIT 3`, [account]);
    if (random.chance(0.05)) {
      await connection.query(
        `UPDATE IGNORE entries SET number = number + 1000 WHERE account = ? AND number < 1000 LIMIT 2`,
        [account],
      );
    }
    if (random.chance(0.03)) await connection.query(`DELETE FROM accounts WHERE id = ?`, [account]);
    await connection.query(random.chance(0.05) ? 'ROLLBACK' : 'COMMIT');
  }

  async #connected(): Promise<Connection> {
    this.#connection ??= await this.#connect(database);
    return this.#connection;
  }

  async #connect(to: string | null): Promise<Connection> {
    const { host, port, user, password } = this.#address;
    const place = to === null ? {} : { database: to };
    const connection = await mysql.createConnection({ host, port, user, password, ...place, connectTimeout: 2_000 });
    // The one that is under way when the server goes fails by itself.
    connection.on('error', () => {});
    return connection;
  }
}

/** The server answered, and said no: a mistake here, unless it is going down. */
const isRefusal = (error: unknown): boolean => {
  const { code = '' } = error as { readonly code?: string };
  return code.startsWith('ER_') && code !== 'ER_SERVER_SHUTDOWN';
};
