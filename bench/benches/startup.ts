import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchServer } from '../../src/testing/servers/launch-server.ts';
import { build, builtCommand, publishedFlags } from '../built.ts';
import { fillOrders } from '../orders.ts';
import { type Result, type Run, summarise } from '../result.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** From the start of `millrace run` to its first change on stdout, and what its runtime dependencies weigh once installed. */
export const startup = async (rounds: number): Promise<readonly Result[]> => {
  build();
  await using server = await launchServer({ flavor: 'mysql' });
  await fillOrders(server, 1, 10);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const file = join(folder, 'startup.yaml');
    const { host, port, user, password } = server;
    const source = {
      type: 'mysql',
      hostname: host,
      port,
      username: user,
      password,
      tables: 'bench.orders',
      'scan.startup.mode': 'earliest-offset',
    };
    writeFileSync(file, JSON.stringify({ source, sink: { type: 'file', path: '-' }, pipeline: { name: 'startup' } }));
    const dependenciesMiB = (await runtimeDependencyBytes()) / 1_048_576;
    const runs: Run[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const run = await firstLine(file);
      process.stderr.write(
        `startup  ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}  ${run.seconds.toFixed(3)} s\n`,
      );
      const firstEventMs = run.seconds * 1000;
      if (round > 0) runs.push({ ...run, figures: { firstEventMs, dependenciesMiB } });
    }
    return summarise('startup', new Map([['millrace', runs]]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Runs the file until its first line, then lets it end. */
const firstLine = async (file: string): Promise<Run> => {
  const started = performance.now();
  const child = spawn(process.execPath, [...publishedFlags, builtCommand, 'run', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.stdout.once('data', () => resolve((performance.now() - started) / 1000));
  child.once('exit', (code) => reject(new Error(`millrace run ended with ${code} before its first event`)));
  const seconds = await promise;
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
  return { rows: 1, seconds, cpuSeconds: 0, peakRssMiB: Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024 };
};

/** The installed size of everything that `dependencies` brings, as the lock file lists it. */
const runtimeDependencyBytes = async (): Promise<number> => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<
        string,
        { readonly dependencies?: Record<string, string>; readonly peerDependencies?: Record<string, string> }
      >
    >;
  };
  const wanted = new Set<string>();
  const add = (names: readonly string[]): void => {
    for (const name of names) {
      const path = `node_modules/${name}`;
      if (wanted.has(path)) continue;
      const entry = lock.packages[path];
      if (entry === undefined) continue;
      wanted.add(path);
      add(Object.keys({ ...entry.dependencies, ...entry.peerDependencies }));
    }
  };
  add(Object.keys(lock.packages['']!.dependencies ?? {}));
  let bytes = 0;
  for (const path of wanted) {
    for (const entry of await readdir(join(root, path), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
    }
  }
  return bytes;
};
