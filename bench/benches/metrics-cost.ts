import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { publishedFlags } from '../built.ts';
import { fillOrders, type Workload } from '../orders.ts';
import { median, type Result, type Run, summarise } from '../result.ts';

const passesPerRound = 5;

/** Transactions of many rows: few batches to meter. A round is 12.5 M rows a contender. */
export const metricsCost = (rounds: number): Promise<readonly Result[]> => cost('metrics-cost', 250, 10_000, rounds);

/** Transactions of single rows: as many changes to meter as rows. A round is 1.5 M transactions a contender. */
export const metricsCostSingle = (rounds: number): Promise<readonly Result[]> =>
  cost('metrics-cost-single', 300_000, 1, rounds);

/**
 * What metering and being watched cost a pipeline that decodes as fast as it can, in CPU: the median over all passes of a pass against the
 * unmetered one of its turn.
 */
const cost = async (
  bench: string,
  transactions: number,
  rowsEach: number,
  rounds: number,
): Promise<readonly Result[]> => {
  await using server = await launchServer({ flavor: 'mysql', options: ['--innodb-redo-log-capacity=512M'] });
  const workload = await fillOrders(server, transactions, rowsEach);
  const { runs, account } = await passes(server, workload, rounds * passesPerRound);
  const { unmetered, metered, watched } = runs;
  const perMillion = median(unmetered.map((run) => (run.cpuSeconds / run.rows) * 1e6));
  const meters = account.meteringNsPerRow / 10 / perMillion;
  const figures = {
    'meters, ns per row': account.meteringNsPerRow,
    'meters by the account, percent of CPU': meters,
    'one scrape, ms of CPU': account.scrapeMs,
    'meters and a scrape each second by the account, percent of CPU': meters + account.scrapeMs / 10,
  };
  return summarise(
    bench,
    new Map([
      ['millrace', withCost(metered, unmetered)],
      [
        'millrace, watched',
        withCost(watched, unmetered).map((run) => ({ ...run, figures: { ...run.figures, ...figures } })),
      ],
      ['millrace, no meters', unmetered],
    ]),
  );
};

interface Passes {
  readonly runs: Readonly<Record<'unmetered' | 'metered' | 'watched', readonly Run[]>>;
  readonly account: { readonly scrapeMs: number; readonly meteringNsPerRow: number };
}

const passes = async (
  { host, port, user, password }: Awaited<ReturnType<typeof launchServer>>,
  { file, position, rows }: Workload,
  count: number,
): Promise<Passes> => {
  const args = [count, host, port, user, password, file, position, rows].map(String);
  const contender = fileURLToPath(new URL('../contenders/read-metered.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...publishedFlags, '--expose-gc', contender, ...args],
    { maxBuffer: 1 << 26, timeout: 600_000 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Passes;
};

/** Every run with what its kind took more than the unmetered run of the same turn: the median over all turns, and between what it lies. */
const withCost = (runs: readonly Run[], unmetered: readonly Run[]): readonly Run[] => {
  const percents = runs
    .map(({ cpuSeconds }, turn) => (cpuSeconds / unmetered[turn]!.cpuSeconds - 1) * 100)
    .sort((a, b) => a - b);
  // The order statistics between which the true median lies in 95 of 100 cases.
  const away = Math.min(Math.ceil(0.98 * Math.sqrt(percents.length)), (percents.length - 1) >> 1);
  const middle = (percents.length - 1) / 2;
  const figures = {
    'CPU over no meters, percent': median(percents),
    'of which it is at least (95 %)': percents[Math.floor(middle - away)]!,
    'and at most (95 %)': percents[Math.ceil(middle + away)]!,
  };
  return runs.map((run) => ({ ...run, figures }));
};
