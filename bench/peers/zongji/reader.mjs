/**
 * Reads a server's binlog with a zongji package and counts the rows it decodes: a peer of the decode benchmarks.
 *
 * usage: node reader.mjs PACKAGE HOST PORT USER PASSWORD FILE POSITION ROWS   (in a folder where PACKAGE is installed)
 * Prints one JSON line: rows, seconds from the start of the dump to the last row, CPU seconds and peak RSS of this process.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [name, host, port, user, password, filename, position, wanted] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const loaded = await import(pathToFileURL(require.resolve(name)).href);
const ZongJi = loaded.default ?? loaded;

const zongji = new ZongJi({ host, port: Number(port), user, password });
let rows = 0;
let started = 0;

zongji.on('error', (error) => {
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exit(1);
});
zongji.on('binlog', (event) => {
  if (event.getEventName() !== 'writerows') return;
  rows += event.rows.length;
  if (rows < Number(wanted)) return;
  const seconds = (performance.now() - started) / 1000;
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  process.stdout.write(`${JSON.stringify({ rows, seconds, cpuSeconds, peakRssMiB: maxRSS / 1024 })}\n`, () =>
    process.exit(0),
  );
  rows = Number.NEGATIVE_INFINITY;
});
zongji.on('ready', () => {
  started ||= performance.now();
});
started = performance.now();
zongji.start({
  serverId: 990002,
  filename,
  position: Number(position),
  includeEvents: ['rotate', 'tablemap', 'writerows'],
});
