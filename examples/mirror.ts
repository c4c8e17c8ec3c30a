/**
 * Runs a pipeline from a program, as `millrace run` does: MySQL into a SQLite mirror, until Ctrl-C. Run again, it goes on where the mirror is.
 *   MYSQL_PASSWORD=… node --import ./scripts/use-sources.mjs examples/mirror.ts
 */
import { createPipeline, openSink, openSource, sqlite, systemClock } from 'millrace';
import { mysql } from 'millrace/mysql';

const name = 'shop';
const log = {
  debug() {},
  info: console.error,
  warn: console.error,
  error: console.error,
};

const pipeline = createPipeline({
  name,
  clock: systemClock,
  log,
  source: async () =>
    await openSource(
      mysql,
      {
        hostname: process.env['MYSQL_HOST'] ?? '127.0.0.1',
        port: Number(process.env['MYSQL_PORT'] ?? 3306),
        username: process.env['MYSQL_USER'] ?? 'root',
        password: process.env['MYSQL_PASSWORD'] ?? '',
        tables: ['shop.orders', 'shop.order_items'],
      },
      { pipeline: name, log },
    ),
  sinks: [
    {
      name: 'mirror',
      open: async () => await openSink(sqlite, { path: process.env['MIRROR'] ?? 'shop.db' }, { pipeline: name, log }),
    },
  ],
});

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
const ticker = setInterval(() => {
  const { health, lag, totals } = pipeline.status();
  console.log(health, `lag ${Math.round(lag.currentMs)} ms`, `${totals.sync.rows} rows durable`);
}, 500);

const { outcome } = await pipeline.run(stop.signal);
clearInterval(ticker);
console.log(outcome);
