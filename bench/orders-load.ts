import { type Address, connect } from './orders.ts';

/** Enough that the pace is held though each commit waits for the disk. */
const connections = 4;
/** A call of the procedure that writes costs its client and the server a tenth of a millisecond beside the rows. */
const mostCallsPerSecond = 1_000;

interface Load {
  readonly transactionsPerSecond: number;
  /** Default 1. */
  readonly rowsEach?: number;
  /** Whose orders they are, as SQL. */
  readonly customer?: string;
}

/**
 * Commits transactions into `bench.orders` at a steady rate, over several connections, until `signal` aborts. A moment that is missed
 * stays missed: catching up would be a burst, and a reader's lag would tell of the burst. Gives how many were written.
 *
 * Rows are made by the server itself, some transactions a call, so that the load takes little of the processor that those measured
 * need.
 */
export const writeSteadily = async (
  address: Address,
  { transactionsPerSecond, rowsEach = 1, customer = '7' }: Load,
  signal: AbortSignal,
): Promise<number> => {
  const each = Math.ceil(transactionsPerSecond / mostCallsPerSecond);
  const periodMs = (1_000 * connections * each) / transactionsPerSecond;
  await makeProcedure(address, customer);
  const written = await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const connection = await connect(address, { database: 'bench' });
      // The connections take turns.
      let dueMs = performance.now() + (periodMs * index) / connections;
      let count = 0;
      try {
        while (!signal.aborted) {
          const earlyMs = dueMs - performance.now();
          // A timer ends at a whole millisecond, late rather than early: the next one is due by the plan all the same.
          if (earlyMs >= 0.5) await new Promise((resolve) => setTimeout(resolve, Math.floor(earlyMs)));
          await connection.query(`CALL write_some(${each}, ${rowsEach})`);
          count += each;
          dueMs = Math.max(dueMs + periodMs, performance.now() - periodMs);
        }
      } finally {
        await connection.end();
      }
      return count;
    }),
  );
  return written.reduce((sum, count) => sum + count, 0);
};

const makeProcedure = async (address: Address, customer: string): Promise<void> => {
  const connection = await connect(address, { database: 'bench', multipleStatements: true });
  try {
    await connection.query(`
      DROP PROCEDURE IF EXISTS write_some;
      CREATE PROCEDURE write_some(transactions INT, rows_each INT)
      BEGIN
        DECLARE i INT DEFAULT 0;
        DECLARE j INT;
        WHILE i < transactions DO
          START TRANSACTION;
          SET j = 0;
          WHILE j < rows_each DO
            INSERT INTO orders (customer_id, sku, qty, price, status, note, created)
              VALUES (${customer}, 'SKU-7', 1, 9.95, 'new', 'steady load', NOW(6));
            SET j = j + 1;
          END WHILE;
          COMMIT;
          SET i = i + 1;
        END WHILE;
      END`);
  } finally {
    await connection.end();
  }
};
