/**
 * Runs the tests: `npm test`, or `npm test -- PATTERN...` for the files whose path holds or matches one of the patterns.
 *
 * Starts each real server that the chosen files need once, and ends them all. Files that need servers run one after the other, so
 * that each has the servers' logs to itself; beside them run the files that need none, one after the other too. The last line on stdout is `N passed, N failed, N skipped`; the exit code is 0 only when something passed and nothing failed.
 * A server that cannot be had is a loud skip, and a failure where CI=true.
 */
import { globSync } from 'node:fs';
import { basename, matchesGlob, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMillraceError } from '../src/core/errors.ts';
import { type LaunchedKafka, launchKafka } from '../src/testing/servers/launch-kafka.ts';
import { redisCatalogue, redisProgram } from '../src/testing/servers/redis-program.ts';
import { serversVariable, startTestServers } from '../src/testing/servers/start-test-servers.ts';
import { kafkaVariable } from '../src/testing/servers/test-kafka.ts';
import { report, type Tally } from './test-reporter.ts';

const root = process.env['MILLRACE_TEST_ROOT'] ?? fileURLToPath(new URL('..', import.meta.url));
const fileTimeoutMs = 300_000;
const slowestShown = 5;

const main = async (patterns: readonly string[]): Promise<number> => {
  const started = performance.now();
  const files = chosenFiles(patterns);
  if (files.length === 0) {
    process.stdout.write(`no test file matches ${patterns.join(' ')}\n0 passed, 1 failed, 0 skipped\n`);
    return 1;
  }
  const needsServers = files.filter((file) => needs(file, 'mysql') || needs(file, 'kafka') || needs(file, 'redis'));
  const [withoutServers, onServers] = await Promise.all([
    runFiles(files.filter((file) => !needsServers.includes(file))),
    runOnServers(needsServers),
  ]);
  const tallies = [withoutServers, ...onServers];
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => tallies.reduce((total, tally) => total + tally[key], 0);
  printTimes(new Map(tallies.flatMap((tally) => [...tally.elapsedMs])), performance.now() - started);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
  return sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
};

/** Whether a file's suffix names a server: `x.mysql.test.ts`, `x.kafka.test.ts`, `x.mysql.kafka.test.ts`. */
const needs = (file: string, server: 'mysql' | 'kafka' | 'redis'): boolean =>
  basename(file, '.test.ts').split('.').slice(1).includes(server);

/** Starts what the files need and runs them on the servers there are. A server that is missing counts by itself. */
const runOnServers = async (files: readonly string[]): Promise<readonly Tally[]> => {
  const onMysql = files.filter((file) => needs(file, 'mysql'));
  const onKafka = files.filter((file) => needs(file, 'kafka'));
  const onRedis = files.filter((file) => needs(file, 'redis'));
  const [mysqls, kafka, noRedis] = await Promise.all([
    onMysql.length === 0 ? { servers: [], missing: [] } : startTestServers(),
    onKafka.length === 0 ? null : startKafka(),
    onRedis.length === 0 ? null : missingRedis(),
  ]);
  const { servers, missing } = mysqls;
  for (const { version, port } of servers) process.stderr.write(`server ${version} on port ${port}\n`);
  if (servers.length > 0) process.env[serversVariable] = JSON.stringify(servers);
  const tallies = missing.map(({ name, reason }) => without(name, reason, onMysql.length));
  if (typeof kafka === 'string') tallies.push(without('kafka', kafka, onKafka.length));
  if (noRedis !== null) tallies.push(without('redis', noRedis, onRedis.length));
  const runnable = files.filter(
    (file) =>
      !(needs(file, 'mysql') && servers.length === 0) &&
      !(needs(file, 'kafka') && typeof kafka === 'string') &&
      !(needs(file, 'redis') && noRedis !== null),
  );
  return [...tallies, await runFiles(runnable)];
};

const without = (server: string, reason: string, files: number): Tally => {
  const strict = process.env['CI'] === 'true';
  process.stdout.write(`\n${strict ? 'FAILED' : 'SKIPPED'} ${files} files on ${server}: ${reason}\n`);
  return strict ? { ...nothing, failed: 1 } : { ...nothing, skipped: files };
};

/** One broker for the whole run, unless the environment names one. A text: why there is none. */
const startKafka = async (): Promise<LaunchedKafka | string | null> => {
  if (process.env[kafkaVariable]) return null;
  try {
    const kafka = await launchKafka();
    process.stderr.write(`kafka on ${kafka.bootstrapServers}\n`);
    process.env[kafkaVariable] = kafka.bootstrapServers;
    return kafka;
  } catch (error) {
    if (isMillraceError(error)) return error.message;
    throw error;
  }
};

/** Fetches the Redis and Valkey programs; each test starts servers of its own, which takes 20 ms. A text: why one cannot be had. */
const missingRedis = async (): Promise<string | null> => {
  try {
    for (const { name } of redisCatalogue) await redisProgram(name);
    return null;
  } catch (error) {
    if (isMillraceError(error)) return error.message;
    throw error;
  }
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
  const events = run({ files: paths, cwd: root, concurrency: 1, timeout: fileTimeoutMs });
  return await report(events, paths, (text) => process.stdout.write(text.replaceAll(`${resolve(root)}/`, '')));
};

const printTimes = (elapsedMs: ReadonlyMap<string, number>, totalMs: number): void => {
  const slowest = [...elapsedMs].sort(([, a], [, b]) => b - a).slice(0, slowestShown);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(6)} s`;
  process.stderr.write(`\n${seconds(totalMs)}  in all, ${elapsedMs.size} files; the slowest:\n`);
  for (const [file, ms] of slowest) process.stderr.write(`${seconds(ms)}  ${relative(root, file)}\n`);
};

process.exitCode = await main(process.argv.slice(2));
