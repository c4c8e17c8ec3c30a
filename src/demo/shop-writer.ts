import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import type { Address } from '../testing/mysql-rig.ts';
import { ShopWorkload } from './shop-workload.ts';

/** Not `shop`: on a shared server, others may have one. */
export const database = 'shop_under_faults';

/** What a shop under faults does beside the workload: a big table, huge transactions, a table that DDL never leaves alone. */
const ledgerTable =
  'CREATE TABLE ledger (id INT PRIMARY KEY, amount BIGINT NOT NULL, note VARCHAR(80) NOT NULL) DEFAULT CHARSET = utf8mb4';
/** The table that is emptied at a stroke now and then. */
export const truncatedTable = 'scraps';
const scrapsTable = 'CREATE TABLE scraps (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(40) NOT NULL)';
const glancesTable = 'CREATE TABLE glances (page VARCHAR(20) NOT NULL, seconds INT NOT NULL)';

/** How often, in transactions. */
const every = { schemaChange: 1_500, ddl: 250, hugeTransaction: 180, scrap: 4 };

/** A client that was cut off cannot know whether its last statement worked, so it may find that it did: table, column or row exists, or not any more. */
const doneAlready = new Set([1050, 1051, 1060, 1062, 1091, 1146]);

/** Makes a shop's transactions on a server that may crash, over a connection of its own that nobody else disturbs. */
export class ShopWriter {
  readonly #address: Address;
  readonly #shop: ShopWorkload;
  readonly #ledgerRows: number;
  #connection: Connection | null = null;
  #closed = false;
  #ddl = 0;

  private constructor(address: Address, shop: ShopWorkload, ledgerRows: number) {
    this.#address = address;
    this.#shop = shop;
    this.#ledgerRows = ledgerRows;
  }

  /** The shop as it opens, in a new database. */
  static async open(address: Address, seed: number, ledgerRows: number): Promise<ShopWriter> {
    const isMysql = address.flavor === 'mysql';
    const shop = new ShopWorkload(seed, { vectors: isMysql, partialJson: isMysql, compression: isMysql });
    const writer = new ShopWriter(address, shop, ledgerRows);
    await writer.run(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`);
    for (const { sql } of shop.opening()) await writer.run(sql);
    await writer.run(`${ledgerTable}; ${scrapsTable}`);
    for (let from = 1; from <= ledgerRows; from += 1_000) {
      const rows = Array.from({ length: Math.min(1_000, ledgerRows + 1 - from) }, (_, i) => ledgerRow(from + i));
      await writer.run(`INSERT INTO ledger VALUES ${rows.join(', ')}`);
    }
    return writer;
  }

  /** Makes transactions at a steady rate until `signal` aborts, and answers how many. */
  async write(perSecond: number, signal: AbortSignal): Promise<number> {
    const started = performance.now();
    let made = 0;
    while (!signal.aborted) {
      await this.run(this.#next(made));
      made += 1;
      const aheadMs = (made / perSecond) * 1000 - (performance.now() - started);
      if (aheadMs > 5) await sleep(aheadMs);
    }
    return made;
  }

  /** Runs statements, again and again while the server is away. */
  async run(sql: string): Promise<void> {
    while (!this.#closed) {
      try {
        this.#connection ??= await this.#connect();
        await this.#connection.query(sql);
        return;
      } catch (error) {
        const { errno = 0 } = error as { readonly errno?: number };
        if (doneAlready.has(errno)) {
          await this.#connection?.query('ROLLBACK');
          return;
        }
        // The server's own errors are positive numbers; those of the system, as when it is away, are not.
        if (errno > 0 && !goingAway.has(errno)) throw error;
        this.#connection?.destroy();
        this.#connection = null;
        await sleep(50);
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection?.destroy();
  }

  async #connect(): Promise<Connection> {
    const { host, port, user, password } = this.#address;
    const connection = await mysql.createConnection({ host, port, user, password, multipleStatements: true });
    connection.on('error', () => {});
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${database}; USE ${database}`);
    return connection;
  }

  #next(made: number): string {
    const turn = made + 1;
    if (turn % every.schemaChange === 0) return this.#shop.nextSchemaChange()?.sql ?? this.#shop.next().sql;
    if (turn % every.ddl === 0) return this.#nextDdl();
    if (turn % every.hugeTransaction === 0) return this.#hugeTransaction(turn);
    if (turn % every.scrap === 0) return `INSERT INTO scraps (note) VALUES ('scrap ${turn}')`;
    return this.#shop.next().sql;
  }

  /** Rows by the thousand, as one transaction that leaves in parts; compressed every other time, where the server can. */
  #hugeTransaction(turn: number): string {
    const sql = `START TRANSACTION; UPDATE ledger SET amount = amount + ${turn} WHERE id % 20 < 4; DELETE FROM ledger WHERE id % 20 = 5; INSERT INTO ledger SELECT id + 1, amount, CONCAT('again ', ${turn}) FROM ledger WHERE id % 20 = 4 AND id < ${this.#ledgerRows}; COMMIT`;
    if (this.#address.flavor === 'mariadb' || turn % (2 * every.hugeTransaction) !== 0) return sql;
    const compression = (state: string): string => `SET SESSION binlog_transaction_compression = ${state}`;
    return `${compression('ON')}; ${sql}; ${compression('OFF')}`;
  }

  #nextDdl(): string {
    const round = Math.floor(this.#ddl / ddlRound.length);
    const sql = ddlRound[this.#ddl % ddlRound.length]!(round);
    this.#ddl += 1;
    return sql;
  }
}

const ddlRound: readonly ((round: number) => string)[] = [
  () => `${glancesTable}; INSERT INTO glances VALUES ('/', 1), ('/', 1), ('/new', 2); DELETE FROM glances LIMIT 1`,
  (round) =>
    `ALTER TABLE scraps ADD COLUMN c${round} INT NOT NULL DEFAULT ${round}, MODIFY note VARCHAR(${60 + round}) NOT NULL`,
  () => 'TRUNCATE TABLE scraps',
  () =>
    "RENAME TABLE scraps TO remnants; INSERT INTO remnants (note) VALUES ('renamed'); RENAME TABLE remnants TO scraps",
  (round) => `ALTER TABLE scraps DROP COLUMN c${round}`,
  (round) => `CREATE TABLE kept${round} (PRIMARY KEY (id)) SELECT id, note FROM scraps`,
  (round) => `DROP TABLE kept${round}`,
];

const ledgerRow = (id: number): string => `(${id}, ${id * 7}, 'entry ${id} of the ledger, as it was in the beginning')`;

/** ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN. A connection that broke has no number. */
const goingAway = new Set([1053, 1077, 1079]);
