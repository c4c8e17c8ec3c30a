/**
 * Kafka, then a few steps, then MySQL: how much each customer has paid, kept in a table. In this repository:
 *   KAFKA=broker1:9092 MYSQL_PASSWORD=… node --import ./scripts/use-sources.mjs examples/stream.ts
 */
import { streams } from 'millrace/stream';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

const env = (name: string, otherwise: string): string => process.env[name] ?? otherwise;
// Another version computes everything anew: give one when what the functions below call changes.
const app = streams({ name: env('PIPELINE', 'paid-totals'), version: '1' });

app
  .stream(
    { customer: 'BIGINT', status: 'STRING', cents: 'BIGINT' },
    {
      connector: 'kafka',
      topic: env('TOPIC', 'orders'),
      'properties.bootstrap.servers': env('KAFKA', '127.0.0.1:9092'),
      format: 'json',
    },
  )
  .filter(({ status }) => status === 'paid')
  .groupBy('customer')
  .aggregate(
    { orders: 'BIGINT', cents: 'BIGINT' },
    () => ({ orders: 0, cents: 0 }),
    (total, order) => ({ orders: Number(total.orders) + 1, cents: Number(total.cents) + Number(order.cents) }),
  )
  .to('paid_totals', {
    connector: 'mysql',
    hostname: env('MYSQL_HOST', '127.0.0.1'),
    port: env('MYSQL_PORT', '3306'),
    username: env('MYSQL_USER', 'root'),
    password: env('MYSQL_PASSWORD', ''),
    'database-name': env('MYSQL_DATABASE', 'shop'),
  });

await app.run(stop.signal);
