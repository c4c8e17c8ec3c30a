import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { measure } from '../measure.ts';
import { fillOrders } from '../orders.ts';
import type { Result } from '../result.ts';

/** What being watched costs a pipeline that decodes as fast as it can: scraped four times a second, and listened to. */
export const metricsCost = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-redo-log-capacity=512M'] });
  const { file, position, rows } = await fillOrders(server, 100, 10_000);
  const { host, port, user, password } = server;
  const contender = (name: string, mode: 'alone' | 'watched') => ({
    name,
    command: process.execPath,
    args: [
      ...publishedFlags,
      fileURLToPath(new URL('../contenders/read-metered.ts', import.meta.url)),
      mode,
      ...[host, port, user, password, file, position, rows].map(String),
    ],
  });
  return await measure(
    'metrics-cost',
    [contender('millrace', 'alone'), contender('millrace, watched', 'watched')],
    rounds,
  );
};
