import { type Address, connect } from './orders.ts';

/** Commits single-row transactions into `bench.orders` at a steady rate, over several connections, until `signal` aborts. */
export const writeSteadily = async (
  address: Address,
  transactionsPerSecond: number,
  signal: AbortSignal,
): Promise<number> => {
  const connections = 8;
  const perConnection = transactionsPerSecond / connections;
  const written = await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = await connect(address, { database: 'bench' });
      const started = performance.now();
      let count = 0;
      try {
        while (!signal.aborted) {
          const due = ((performance.now() - started) / 1000) * perConnection;
          if (count >= due) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            continue;
          }
          await connection.query(
            "INSERT INTO orders (customer_id, sku, qty, price, status, note, created) VALUES (7, 'SKU-7', 1, 9.95, 'new', 'steady load', NOW(6))",
          );
          count += 1;
        }
      } finally {
        await connection.end();
      }
      return count;
    }),
  );
  return written.reduce((sum, count) => sum + count, 0);
};
