import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { fillOrders } from '../orders.ts';
import type { Result } from '../result.ts';

/** A table of a million rows to nowhere: millrace chunked and resumable, mysqldump in one go. */
export const snapshot = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({
    flavor: 'mysql',
    options: ['--innodb-redo-log-capacity=512M', '--innodb-buffer-pool-size=512M'],
  });
  process.stderr.write('snapshot  filling 1,000,000 rows\n');
  const { rows } = await fillOrders(server, 100, 10_000);
  const dump = server.tools.mysqldump;
  return await measure(
    'snapshot',
    [
      {
        name: 'millrace',
        command: process.execPath,
        args: [
          ...publishedFlags,
          fileURLToPath(new URL('../contenders/snapshot.ts', import.meta.url)),
          ...[server.host, server.port, server.user, server.password, rows].map(String),
        ],
      },
      {
        name: 'mysqldump',
        command: dump[0]!,
        args: [
          ...dump.slice(1),
          '--no-defaults',
          `--host=${server.host}`,
          `--port=${server.port}`,
          `--user=${server.user}`,
          '--single-transaction',
          '--skip-lock-tables',
          '--no-tablespaces',
          '--set-gtid-purged=OFF',
          'bench',
          'orders',
        ],
        rows,
      },
    ],
    rounds,
  );
};
