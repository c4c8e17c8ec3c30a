import mysql from 'mysql2/promise';

/** Where a workload's rows stand in a server's binlog, and how many there are. */
export interface Workload {
  readonly file: string;
  readonly position: number;
  readonly rows: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A connection of mysql2's to a server that may say more of itself than an address. */
export const connect = (
  { host, port, user, password }: Address,
  options: mysql.ConnectionOptions = {},
): Promise<mysql.Connection> => mysql.createConnection({ host, port, user, password, ...options });

/**
 * Fills `bench.orders`, the table of eight mixed columns that every figure in docs/benchmarks.md is measured on: `transactions`
 * transactions of `rowsEach` rows, in a binlog that holds nothing else.
 */
export const fillOrders = async (address: Address, transactions: number, rowsEach: number): Promise<Workload> => {
  const connection = await connect(address, { multipleStatements: true });
  try {
    await connection.query(`
      SET GLOBAL innodb_flush_log_at_trx_commit = 2; SET GLOBAL sync_binlog = 0;
      DROP DATABASE IF EXISTS bench; CREATE DATABASE bench; USE bench;
      CREATE TABLE orders (
        id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, sku VARCHAR(40) NOT NULL, qty INT NOT NULL,
        price DECIMAL(12,2) NOT NULL, status ENUM('new','paid','shipped','done'), note VARCHAR(200), created DATETIME(6),
        KEY (customer_id));
      CREATE PROCEDURE fill(transactions INT, rows_each INT)
      BEGIN
        DECLARE i INT DEFAULT 0;
        WHILE i < transactions DO
          START TRANSACTION;
          INSERT INTO orders (customer_id, sku, qty, price, status, note, created)
            WITH RECURSIVE s(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM s WHERE x < rows_each)
            SELECT FLOOR(RAND() * 100000), CONCAT('SKU-', FLOOR(RAND() * 5000)), 1 + FLOOR(RAND() * 9), ROUND(RAND() * 1000, 2),
              ELT(1 + FLOOR(RAND() * 4), 'new', 'paid', 'shipped', 'done'),
              CONCAT('note number ', x, ' of batch ', i, ' with some text to make it longer'), NOW(6) FROM s;
          COMMIT;
          SET i = i + 1;
        END WHILE;
      END;
      RESET BINARY LOGS AND GTIDS;`);
  } finally {
    await connection.end();
  }
  return await addOrders(address, transactions, rowsEach);
};

/** Adds rows to the table that `fillOrders` made, at the end of the log as it is. */
export const addOrders = async (address: Address, transactions: number, rowsEach: number): Promise<Workload> => {
  const connection = await connect(address, { database: 'bench' });
  try {
    await connection.query('SET SESSION cte_max_recursion_depth = 100000000');
    const [status] = await connection.query<mysql.RowDataPacket[]>('SHOW BINARY LOG STATUS');
    await connection.query('CALL fill(?, ?)', [transactions, rowsEach]);
    return { file: status[0]!['File'], position: Number(status[0]!['Position']), rows: transactions * rowsEach };
  } finally {
    await connection.end();
  }
};
