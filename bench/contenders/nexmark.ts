/**
 * Keeps one query of Nexmark over so many events, all three kinds, a tick of 1000 each. The events are made before the clock starts;
 * every tick's changes are taken.
 *
 * usage: node nexmark.ts q5 500000
 */
import { dataflow } from '../../src/operators/incremental/dataflow.ts';
import { nexmarkCatalog } from '../../src/testing/nexmark/nexmark-catalog.ts';
import { nexmarkEvents } from '../../src/testing/nexmark/nexmark-events.ts';
import { type NexmarkQuery, nexmarkQueries } from '../../src/testing/nexmark/nexmark-queries.ts';
import { planOf } from '../../src/testing/sql-rig.ts';

const TICK = 1000;
const SIDE_ROWS = 10_000;

const [name, count] = process.argv.slice(2) as [NexmarkQuery, string];
const events = [...nexmarkEvents(Number(count))];
const settings = { timeZone: 'UTC', random: Math.random };
const flow = dataflow(new Map([['out', planOf(nexmarkQueries[name], nexmarkCatalog())]]), settings);
const input = flow.inputs.get('default_catalog.default_database.datagen')!;
const side = flow.inputs.get('default_catalog.default_database.side_input');
for (let key = 0; key < SIDE_ROWS; key += 1) side?.push([key, `value ${key}`], 1);

const before = process.cpuUsage();
const started = performance.now();
let changes = 0;
for (let at = 0; at < events.length; ) {
  const end = Math.min(at + TICK, events.length);
  for (; at < end; at += 1) input.push(events[at]!.row, 1);
  changes += flow.tick({ now: events[at - 1]!.dateTime / 1000 }).get('out')!.rows.length;
}
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const peakRssMiB = process.resourceUsage().maxRSS / 1024;
const cpuSeconds = (user + system) / 1e6;
process.stdout.write(
  `${JSON.stringify({ rows: events.length, seconds, cpuSeconds, peakRssMiB, figures: { changes } })}\n`,
);
