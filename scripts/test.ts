/**
 * Runs the tests: `npm test`, or `npm test -- PATTERN...` for the files whose path holds or matches one of the patterns.
 *
 * Starts each real server that the chosen files need once, while the tests that need none run already, and ends them all. The
 * last line on stdout is `N passed, N failed, N skipped`; the exit code is 0 only when something passed and nothing failed.
 * A server that cannot be had is a loud skip, and a failure where CI=true.
 */
import { globSync } from 'node:fs';
import { matchesGlob, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serversVariable, startTestServers } from '../src/testing/servers/start-test-servers.ts';
import { report, type Tally } from './test-reporter.ts';

const root = process.env['MILLRACE_TEST_ROOT'] ?? fileURLToPath(new URL('..', import.meta.url));
/** Two cores are the least that anyone has, and servers want some of it. */
const concurrency = 2;
const fileTimeoutMs = 300_000;
const slowestShown = 5;

const main = async (patterns: readonly string[]): Promise<number> => {
  const started = performance.now();
  const files = chosenFiles(patterns);
  if (files.length === 0) {
    process.stdout.write(`no test file matches ${patterns.join(' ')}\n0 passed, 1 failed, 0 skipped\n`);
    return 1;
  }
  const needsServers = files.filter((file) => file.endsWith('.mysql.test.ts'));
  const starting = needsServers.length > 0 ? startTestServers() : null;
  const tallies = [await runFiles(files.filter((file) => !needsServers.includes(file)))];
  if (starting !== null) {
    const { servers, missing } = await starting;
    for (const { version, port } of servers) process.stderr.write(`server ${version} on port ${port}\n`);
    for (const { name, reason } of missing) {
      const strict = process.env['CI'] === 'true';
      process.stdout.write(`\n${strict ? 'FAILED' : 'SKIPPED'} ${needsServers.length} files on ${name}: ${reason}\n`);
      tallies.push(strict ? { ...nothing, failed: 1 } : { ...nothing, skipped: needsServers.length });
    }
    process.env[serversVariable] = JSON.stringify(servers);
    if (servers.length > 0) tallies.push(await runFiles(needsServers));
  }
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => tallies.reduce((total, tally) => total + tally[key], 0);
  printTimes(new Map(tallies.flatMap((tally) => [...tally.elapsedMs])), performance.now() - started);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
};

const chosenFiles = (patterns: readonly string[]): readonly string[] => {
  const all = globSync('{src,bench,scripts,examples}/**/*.test.ts', { cwd: root }).sort();
  const matches = (file: string, pattern: string): boolean => {
    const path = relative(root, resolve(pattern));
    return file.includes(pattern) || file.startsWith(path) || matchesGlob(file, path);
  };
  return patterns.length === 0 ? all : all.filter((file) => patterns.some((pattern) => matches(file, pattern)));
};

const nothing: Tally = { passed: 0, failed: 0, skipped: 0, elapsedMs: new Map() };

const runFiles = async (files: readonly string[]): Promise<Tally> => {
  if (files.length === 0) return nothing;
  const paths = files.map((file) => resolve(root, file));
  const events = run({ files: paths, cwd: root, concurrency, timeout: fileTimeoutMs });
  return await report(events, paths, (text) => process.stdout.write(text.replaceAll(`${resolve(root)}/`, '')));
};

const printTimes = (elapsedMs: ReadonlyMap<string, number>, totalMs: number): void => {
  const slowest = [...elapsedMs].sort(([, a], [, b]) => b - a).slice(0, slowestShown);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(6)} s`;
  process.stderr.write(`\n${seconds(totalMs)}  in all, ${elapsedMs.size} files; the slowest:\n`);
  for (const [file, ms] of slowest) process.stderr.write(`${seconds(ms)}  ${relative(root, file)}\n`);
};

process.exitCode = await main(process.argv.slice(2));
