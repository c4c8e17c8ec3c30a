import { type Address, connect } from './orders.ts';

/** Enough that the pace is held though each commit waits for the disk. */
const connections = 16;

/**
 * Commits single-row transactions into `bench.orders` at a steady rate, over several connections, until `signal` aborts. A moment
 * that is missed stays missed: catching up would be a burst, and a reader's lag would tell of the burst. Gives how many were written. `customer`: whose they are, as SQL.
 */
export const writeSteadily = async (
  address: Address,
  transactionsPerSecond: number,
  signal: AbortSignal,
  customer = '7',
): Promise<number> => {
  const periodMs = (1_000 * connections) / transactionsPerSecond;
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
          await connection.query(
            `INSERT INTO orders (customer_id, sku, qty, price, status, note, created) VALUES (${customer}, 'SKU-7', 1, 9.95, 'new', 'steady load', NOW(6))`,
          );
          count += 1;
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
