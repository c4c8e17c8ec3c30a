/**
 * Groups rows by KEYS keys, each key once in an order of its own and a fifth as many rows more, most of them of few keys, a tick of 1000
 * rows each. What is remembered is kept on disk, with MEMORY MiB for what stays in memory; `none`: in memory alone, and nothing is kept.
 *
 * usage: node sql-state.ts KEYS MEMORY|none
 */
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataflow } from '../../src/operators/incremental/dataflow.ts';
import type { SqlRow } from '../../src/operators/incremental/delta.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import type { Input, ResumableInput } from '../../src/sql-pipeline/input.ts';
import { JobMemory } from '../../src/sql-pipeline/job-memory.ts';
import { planOf, sqlCatalog, sqlTable } from '../../src/testing/sql-rig.ts';

const TICK = 1000;
const [keyCount, memoryMiB] = process.argv.slice(2) as [string, string];
const keys = Number(keyCount);
const rows = keys * 1.2;

const catalog = sqlCatalog([sqlTable('orders', { customer: 'BIGINT', qty: 'INT', price: 'DECIMAL(10, 2)' })]);
const plan = planOf('SELECT customer, COUNT(*), SUM(qty * 2), SUM(price) FROM orders GROUP BY customer', catalog);
const flow = dataflow(new Map([['out', plan]]), { timeZone: 'UTC', random: Math.random });
using folder = mkdtempDisposableSync(join(tmpdir(), 'millrace-sql-state-'));
const memory = memoryMiB === 'none' ? null : open(Number(memoryMiB) * 1_048_576);
memory?.resume(null);
memory?.begin({ run: 'bench', tick: 0 });

const input = flow.inputs.get('orders')!;
const before = process.cpuUsage();
const started = performance.now();
let changes = 0;
for (let at = 0, tick = 0; at < rows; at += TICK, tick += 1) {
  for (let i = at; i < at + TICK; i += 1) input.push(order(i), 1);
  memory?.record({ tick, idle: false, ended: false, now: 0, seed: 0 });
  changes += flow.tick({ now: 0 }).get('out')!.rows.length;
  memory?.acknowledge(tick);
  memory?.ticked(tick, 'due');
}
memory?.ticked(rows / TICK - 1, 'now');
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const { maxRSS } = process.resourceUsage();
await memory?.[Symbol.asyncDispose]();
process.stdout.write(
  `${JSON.stringify({ rows, seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: maxRSS / 1024, figures: { changes } })}\n`,
);

function open(mostMemory: number): JobMemory {
  const resumable: ResumableInput = {
    identity: '',
    tables: [],
    place: { lanes: {}, rows: 0 },
    resume: () => {},
    readsTablesApart: false,
  };
  const context = { pipeline: 'bench', clock: systemClock, log: { debug() {}, info() {}, warn() {}, error() {} } };
  const inputs = [{ resumable } as unknown as Input];
  const own = { folder: folder.path, isChosen: true, identity: '', surroundings: '', targets: [] };
  const options = { ...own, intervalMs: 10_000, mostMemory };
  return JobMemory.open({ ...options, flow, inputs, context })!;
}

function order(i: number): SqlRow {
  const again = i - keys;
  // Nine in ten of the later rows are of a hundredth of the keys.
  const customer =
    again < 0 ? (i * 7919) % keys : again % 10 === 0 ? (again * 31) % keys : (again * 7919) % (keys / 100);
  return [customer, i % 9, (i * 31) % 1_000_000];
}
