import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PipelineView } from '../../src/server/pipeline-view.ts';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { fillOrders } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';

const pipelines = 50;

/**
 * Fifty idle pipelines under `millrace serve`, each following one real server: memory per process (RSS counts what all share with
 * each; PSS shares it out), the CPU of all while nothing happens, and how long a killed one takes to read again.
 */
export const serveIdle = async (rounds: number): Promise<readonly Result[]> => {
  build();
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 1, 10);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const { host, port, user, password } = server;
  for (let number = 1; number <= pipelines; number += 1) {
    const source = {
      type: 'mysql',
      hostname: host,
      port,
      username: user,
      password,
      tables: 'bench.orders',
      'scan.startup.mode': 'latest-offset',
    };
    const file = { source, sink: { type: 'file', path: join(folder, `${number}.ndjson`) } };
    writeFileSync(join(folder, `idle-${number}.yaml`), JSON.stringify(file));
  }
  const serving = spawn(
    process.execPath,
    [...publishedFlags, builtCommand, 'serve', '--dir', folder, '--listen', '127.0.0.1:0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const url = await listening(serving.stderr!);
    const views = async (): Promise<readonly PipelineView[]> =>
      ((await (await fetch(`${url}/api/v1/pipelines`)).json()) as { pipelines: readonly PipelineView[] }).pipelines;
    while (!(await views()).every(({ connected }) => connected)) await sleep(500);
    await sleep(5_000);
    const runs: Run[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const before = await views();
      const pids = before.map(({ process: own }) => own.pid!);
      const cpuBefore = sum([serving.pid!, ...pids].map(cpuSeconds));
      await sleep(5_000);
      for (const [at, { name, process: own }] of (await views()).entries()) {
        if (own.pid !== pids[at]) throw new Error(`the process of ${name} ended by itself: ${own.lastEnd}`);
      }
      const cpuPercent = ((sum([serving.pid!, ...pids].map(cpuSeconds)) - cpuBefore) / 5) * 100;
      // All of them before one is killed: nothing can be read of a process that is gone.
      const rss = pids.map((pid) => memoryMiB(pid, 'Rss'));
      const pss = pids.map((pid) => memoryMiB(pid, 'Pss'));
      const victim = before[round % pipelines]!;
      const killed = performance.now();
      process.kill(victim.process.pid!, 'SIGKILL');
      let after = await views();
      const isBack = (): boolean => {
        const view = after.find(({ name }) => name === victim.name)!;
        return view.connected && view.process.pid !== victim.process.pid;
      };
      while (!isBack()) {
        await sleep(20);
        after = await views();
      }
      const backMs = performance.now() - killed;
      const untouched = after.filter((view, at) => view.process.pid === before[at]!.process.pid).length;
      runs.push({
        rows: 1,
        seconds: 1,
        cpuSeconds: 0,
        peakRssMiB: Math.max(...rss),
        figures: {
          'RSS per pipeline, mean MiB': sum(rss) / rss.length,
          'PSS per pipeline, mean MiB': sum(pss) / pss.length,
          'serve itself, MiB': memoryMiB(serving.pid!, 'Rss'),
          'CPU of all, percent of one core': cpuPercent,
          'killed one reads again after, ms': backMs,
          'others untouched': untouched,
        },
      });
    }
    return summarise('serve-idle', new Map([['millrace', runs]]));
  } finally {
    const ended = new Promise((resolve) => serving.once('exit', resolve));
    serving.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
};

const listening = (stderr: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    stderr.on('data', (chunk) => {
      said += chunk;
      const [, url] = /url=(http\S+)/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    });
    stderr.on('end', () => reject(new Error(`serve ended: ${said}`)));
  });

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const cpuSeconds = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const memoryMiB = (pid: number, kind: 'Rss' | 'Pss'): number =>
  Number(new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))![1]) / 1024;
