/**
 * `npm run bench -- NAME [--rounds N] [-o json]`: measures millrace side by side with its peers, in the same run.
 *
 * Rounds are interleaved and medians reported. Peers are built or installed into the user's cache at their first use; one that cannot
 * be had is said to be absent, and why. `-o json` prints one line per contender.
 */
import { parseArgs } from 'node:util';
import type { Absent, Result } from './result.ts';

const benches: Readonly<Record<string, (rounds: number) => Promise<readonly (Result | Absent)[]>>> = {
  decode: async (rounds) => (await import('./benches/decode.ts')).decode(rounds),
  'decode-single': async (rounds) => (await import('./benches/decode.ts')).decodeSingle(rounds),
  cache: async (rounds) => (await import('./benches/cache.ts')).cache(rounds),
  'cache-herd': async (rounds) => (await import('./benches/cache.ts')).cacheHerd(rounds),
  cli: async (rounds) => (await import('./benches/cli.ts')).cli(rounds),
  'metrics-cost': async (rounds) => (await import('./benches/metrics-cost.ts')).metricsCost(rounds),
  'metrics-cost-single': async (rounds) => (await import('./benches/metrics-cost.ts')).metricsCostSingle(rounds),
  'serve-idle': async (rounds) => (await import('./benches/serve-idle.ts')).serveIdle(rounds),
  startup: async (rounds) => (await import('./benches/startup.ts')).startup(rounds),
  transcode: async (rounds) => (await import('./benches/decode.ts')).transcode(rounds),
  'kafka-push': async (rounds) => (await import('./benches/kafka.ts')).kafkaPush(rounds),
  'kafka-receive': async (rounds) => (await import('./benches/kafka-receive.ts')).kafkaReceive(rounds),
  'kafka-lag': async (rounds) => (await import('./benches/kafka-lag.ts')).kafkaLag(rounds),
  'kafka-snapshot': async (rounds) => (await import('./benches/kafka.ts')).kafkaSnapshot(rounds),
  lag: async (rounds) => (await import('./benches/lag.ts')).lag(rounds),
  lint: async (rounds) => (await import('./benches/lint.ts')).lint(rounds),
  memory: async (rounds) => (await import('./benches/memory.ts')).memory(rounds),
  psync: async (rounds) => (await import('./benches/psync.ts')).psync(rounds),
  rdb: async (rounds) => (await import('./benches/redis-files.ts')).rdb(rounds),
  aof: async (rounds) => (await import('./benches/redis-files.ts')).aof(rounds),
  'redis-apply': async (rounds) => (await import('./benches/redis.ts')).redisApply(rounds),
  'redis-binlog': async (rounds) => (await import('./benches/redis.ts')).redisBinlog(rounds),
  'redis-lag': async (rounds) => (await import('./benches/redis.ts')).redisLag(rounds),
  'redis-snapshot': async (rounds) => (await import('./benches/redis.ts')).redisSnapshot(rounds),
  'redis-verify': async (rounds) => (await import('./benches/redis.ts')).redisVerify(rounds),
  recovery: async (rounds) => (await import('./benches/recovery.ts')).recovery(rounds),
  'mysql-apply': async (rounds) => (await import('./benches/mysql-apply.ts')).mysqlApply(rounds),
  'sql-groupby': async (rounds) => (await import('./benches/sql-engine.ts')).sqlGroupBy(rounds),
  'sql-join': async (rounds) => (await import('./benches/sql-engine.ts')).sqlJoin(rounds),
  'sql-over': async (rounds) => (await import('./benches/sql-engine.ts')).sqlOver(rounds),
  'sql-top': async (rounds) => (await import('./benches/sql-engine.ts')).sqlTop(rounds),
  'sql-first': async (rounds) => (await import('./benches/sql-first.ts')).sqlFirst(rounds),
  'sql-state': async (rounds) => (await import('./benches/sql-state.ts')).sqlState(rounds),
  'sql-lag': async (rounds) => (await import('./benches/sql-lag.ts')).sqlLag(rounds),
  nexmark: async (rounds) => (await import('./benches/nexmark.ts')).nexmark(rounds),
  verify: async (rounds) => (await import('./benches/verify.ts')).verify(rounds),
  snapshot: async (rounds) => (await import('./benches/snapshot.ts')).snapshot(rounds),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, output: { type: 'string', short: 'o', default: 'human' } },
});
const rounds = Number(values.rounds);
const names = positionals.length === 0 ? Object.keys(benches) : positionals;
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(
    `usage: npm run bench -- [${Object.keys(benches).join('|')}] [--rounds N] [-o json]${unknown.length > 0 ? `\nunknown: ${unknown.join(', ')}` : ''}\n`,
  );
  process.exit(2);
}

for (const name of names) {
  const results = await benches[name]!(rounds);
  if (values.output === 'json') {
    for (const result of results) process.stdout.write(`${JSON.stringify(flat(result))}\n`);
  } else process.stdout.write(table(results));
}

function flat(result: Result | Absent): object {
  if ('absent' in result) return result;
  const { figures, ...line } = result;
  return { ...line, ...figures };
}

function table(results: readonly (Result | Absent)[]): string {
  const measured = results.filter((result): result is Result => !('absent' in result));
  const rows = measured.map((r) => [
    r.bench,
    r.contender,
    r.rowsPerSecond.toLocaleString('en'),
    r.cpuSecondsPerMillion.toFixed(2),
    r.peakRssMiB.toFixed(0),
    r.ratioToMillrace.toFixed(2),
  ]);
  const head = ['bench', 'contender', 'rows/s', 'CPU s per million', 'peak RSS MiB', 'ratio to millrace'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [head, ...rows]
    .map((row) => `${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}\n`)
    .join('')
    .concat(
      ...measured.flatMap(({ contender, figures }) =>
        Object.entries(figures).map(([name, value]) => `${contender}  ${name} ${value}\n`),
      ),
      ...results.flatMap((result) =>
        'absent' in result ? `${result.contender}  not measured: ${result.absent}\n` : [],
      ),
    );
}
