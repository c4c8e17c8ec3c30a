import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { fillOrders } from '../orders.ts';
import { writeSteadily } from '../orders-load.ts';
import { type Result, type Run, summarise } from '../result.ts';
import { runContender } from '../run-contender.ts';

const transactionsPerSecond = 2_000;
const seconds = 10;

/** Commit to callback at 2 000 transactions a second. */
export const lag = async (rounds: number): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 1, 1);
  const runs: Run[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const stop = new AbortController();
    const run = runContender({
      name: 'millrace',
      command: process.execPath,
      args: [
        ...publishedFlags,
        fileURLToPath(new URL('../contenders/lag.ts', import.meta.url)),
        ...[server.host, server.port, server.user, server.password, transactionsPerSecond * seconds].map(String),
      ],
    });
    // The reader starts at the newest position: rows written before it is there are not missed, only not counted.
    const load = writeSteadily(server, { transactionsPerSecond }, stop.signal);
    const figures = await run.finally(() => stop.abort());
    await load;
    process.stderr.write(
      `lag  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${JSON.stringify(figures.figures)}\n`,
    );
    if (round > 0) runs.push(figures);
  }
  return summarise('lag', new Map([['millrace', runs]]));
};
