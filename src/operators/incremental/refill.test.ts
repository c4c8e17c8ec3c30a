import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Shape } from '../../testing/like-sqlite.ts';
import { LiveRows } from '../../testing/live-rows.ts';
import { MapSpace } from '../../testing/map-space.ts';
import { queryShapes } from '../../testing/query-shapes.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { planOf, rowText, type TableChange } from '../../testing/sql-rig.ts';
import { oracleCatalog, SqliteOracle } from '../../testing/sqlite-oracle.ts';
import { type Dataflow, dataflow } from './dataflow.ts';
import type { Delta, SqlRow } from './delta.ts';

const tables = ['t', 'u'] as const;

/** Queries that run together, with their results and the contents of their tables at hand. */
class Job {
  readonly flow: Dataflow;
  readonly shapes: readonly Shape[];
  readonly results = new Map<string, LiveRows>();

  constructor(shapes: readonly Shape[]) {
    this.shapes = shapes;
    const plans = shapes.map((shape) => [queryOf(shape, 0), planOf(queryOf(shape, 0), oracleCatalog)] as const);
    this.flow = dataflow(new Map(plans), { timeZone: 'UTC', random: () => 0.5 });
    for (const [name] of plans) this.results.set(name, new LiveRows());
  }

  push(changes: readonly TableChange[]): void {
    for (const [table, row, weight] of changes) this.flow.inputs.get(table)?.push(row, weight);
  }

  keep(deltas: ReadonlyMap<string, Delta>): void {
    for (const [name, delta] of deltas) this.results.get(name)!.apply(delta);
  }

  assertEqual(oracle: SqliteOracle, when: string): void {
    for (const shape of this.shapes)
      assert.deepEqual(
        this.results.get(queryOf(shape, 0))!.texts(),
        oracle.rows(queryOf(shape, 1)),
        `${queryOf(shape, 0)}, ${when}`,
      );
  }
}

const queryOf = (shape: Shape, dialect: 0 | 1): string => (typeof shape === 'string' ? shape : shape[dialect]);

/** What stands in the tables. */
class Contents {
  readonly #rows = new Map<string, { readonly table: string; readonly row: SqlRow; count: number }>();

  apply(changes: readonly TableChange[]): void {
    for (const [table, row, weight] of changes) {
      const key = `${table}${rowText(row)}`;
      const held = this.#rows.get(key) ?? { table, row, count: 0 };
      held.count += weight;
      this.#rows.set(key, held);
    }
  }

  of(tables: ReadonlySet<string>): readonly TableChange[] {
    return [...this.#rows.values()].flatMap(({ table, row, count }) =>
      tables.has(table) ? new Array<TableChange>(count).fill([table, row, 1]) : [],
    );
  }
}

const over = (shape: Shape): Shape => [
  `SELECT COUNT(*) FROM (${queryOf(shape, 0)}) q`,
  `SELECT COUNT(*) FROM (${queryOf(shape, 1)}) q`,
];

test('queries of which some are new and some remember go on as if all had been there from the start', () => {
  const counts = { kept: 0, filled: 0, silent: 0 };
  for (let seed = 1; seed <= 120; seed += 1) {
    const random = new SeededRandom(seed);
    using oracle = new SqliteOracle(random);
    const contents = new Contents();
    const change = (job: Job, count: number): void => {
      const changes = oracle.change(count);
      contents.apply(changes);
      job.push(changes);
    };
    const [a, b, c, d] = [1, 2, 3, 4].map(() => random.pick(queryShapes)) as [Shape, Shape, Shape, Shape];
    const before = new Job([...new Set([a, b, c])]);
    for (let tick = 0; tick < 4; tick += 1) {
      change(before, random.integer(0, 8));
      before.keep(before.flow.tick({ now: tick }));
    }
    before.assertEqual(oracle, `seed ${seed}, before`);
    const spaces = new Map(
      before.flow.steps.map(({ fingerprint, memory }) => [
        fingerprint,
        memory.map((state) => {
          const space = new MapSpace();
          state.keepIn(space);
          state.write();
          return space;
        }),
      ]),
    );

    const after = new Job([...new Set([random.chance(0.5) ? a : over(a), b, d])]);
    const known = new Set([...after.results.keys()].filter((name) => before.results.has(name) && random.chance(0.8)));
    const sameColumns = tables.every((table) => {
      const [x, y] = [before, after].map(({ flow }) => [...(flow.inputs.get(table)?.columns ?? [])].sort().join());
      return x === y;
    });
    const refill = after.flow.refilling({
      kept: new Set(spaces.keys()),
      tellable: new Set(tables),
      anew: new Set(),
      whole: new Set([...after.results.keys()].filter((name) => !known.has(name))),
    })!;
    for (const { step, fingerprint, memory } of after.flow.steps) {
      if (!refill.kept.has(step)) counts.filled += 1;
      else {
        counts.kept += 1;
        for (const [at, state] of memory.entries())
          state.restoreFrom(spaces.get(fingerprint)![at]!, random.integer(0, 4));
      }
    }
    for (const name of after.results.keys()) {
      if (refill.whole.has(name)) continue;
      counts.silent += 1;
      after.results.set(name, before.results.get(name)!);
    }
    change(after, random.integer(0, 6));
    after.keep(after.flow.catchUp(refill, { now: 10 }));
    after.push(contents.of(refill.tables));
    after.keep(after.flow.fill(refill, { now: 10 }));
    after.assertEqual(oracle, `seed ${seed}, filled${sameColumns ? '' : ' with other columns'}`);
    for (let tick = 0; tick < 4; tick += 1) {
      change(after, random.integer(0, 8));
      after.keep(after.flow.tick({ now: 20 + tick }));
      after.assertEqual(oracle, `seed ${seed}, tick ${tick}`);
    }
    const emptied = oracle.empty();
    contents.apply(emptied);
    after.push(emptied);
    after.keep(after.flow.tick({ now: 99 }));
    after.assertEqual(oracle, `seed ${seed}, emptied`);
  }
  assert.ok(counts.kept > 60 && counts.filled > 60 && counts.silent > 60, JSON.stringify(counts));
});
