import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, Lane, Position } from '../core/batch.ts';
import type { Source } from '../core/connector.ts';

/** A row that a harness makes its system commit; `id` is the primary key. */
export interface CommittedRow {
  readonly id: number;
  readonly transaction: number;
}

/** One system to read from, with a table of the columns `id` and `transaction` that only this harness writes. */
export interface SourceHarness extends AsyncDisposable {
  /** A new reader of the same system, from before the first commit where nothing is held. */
  open(): Promise<Source>;
  /** Commits the rows as one transaction. */
  commit(rows: readonly CommittedRow[]): Promise<void>;
  /** So many rows in one transaction that it comes in parts; null: this source never cuts one. */
  readonly rowsForParts: number | null;
  /** How long the source may take to say what was committed, or to return; 20 s when left out. */
  readonly patienceMs?: number;
  /** Changes the table's definition in a way that touches neither column; left out: the system has no such thing. */
  alter?(): Promise<void>;
}

export interface SourceContractCase {
  readonly name: string;
  run(harness: SourceHarness): Promise<void>;
}

/** Registers every rule of the source's contract as a test against a fresh system each. */
export const sourceContract = (name: string, makeHarness: () => Promise<SourceHarness>): void => {
  for (const { name: rule, run } of sourceCases) {
    test(`${name}: ${rule}`, async () => {
      await using harness = await makeHarness();
      await run(harness);
    });
  }
};

const patienceOf = (harness: SourceHarness): number => harness.patienceMs ?? 20_000;

type Held = ReadonlyMap<Lane, Position>;
const nothing: Held = new Map();

interface Reading {
  readonly batches: readonly Batch[];
  readonly rows: readonly CommittedRow[];
  /** The places after all of it. */
  readonly held: Held;
  readonly lanesAsked: ReadonlySet<Lane>;
}

/** Reads from where `held` says until `count` rows have come. */
const readRows = async (harness: SourceHarness, count: number, held: Held = nothing): Promise<Reading> => {
  await using source = await harness.open();
  return await readFrom(source, count, held, patienceOf(harness));
};

const readFrom = async (source: Source, count: number, held: Held, patienceMs: number): Promise<Reading> => {
  const batches: Batch[] = [];
  const rows: CommittedRow[] = [];
  const after = new Map(held);
  const lanesAsked = new Set<Lane>();
  const patience = AbortSignal.timeout(patienceMs);
  const answer = async (lane: Lane): Promise<Position | null> => {
    lanesAsked.add(lane);
    return held.get(lane) ?? null;
  };
  for await (const batch of source.read(answer, patience)) {
    batches.push(batch);
    rows.push(...rowsOf(batch));
    for (const [lane, place] of batch.positions) after.set(lane, place);
    if (rows.length >= count && (batch.part?.last ?? true)) break;
  }
  assert.ok(rows.length >= count, `${rows.length} of ${count} rows came within ${patienceMs} ms`);
  return { batches, rows, held: after, lanesAsked };
};

const rowsOf = (batch: Batch): CommittedRow[] =>
  batch.changes.flatMap((change) => {
    if (change.kind !== 'rows') return [];
    const id = change.table.columns.findIndex((column) => column.name === 'id');
    const transaction = change.table.columns.findIndex((column) => column.name === 'transaction');
    return Array.from({ length: change.rows.length }, (_, i) => {
      const row = change.rows.after(i)!;
      return { id: Number(row[id]), transaction: Number(row[transaction]) };
    });
  });

const transactionOf = (transaction: number, size: number): CommittedRow[] =>
  Array.from({ length: size }, (_, i) => ({ id: transaction * 1_000_000 + i, transaction }));

/** Commits transactions of 1, 2, 3, ... rows and says what they hold. */
const commitSome = async (harness: SourceHarness, count: number, first = 1): Promise<CommittedRow[]> => {
  const all: CommittedRow[] = [];
  for (let transaction = first; transaction < first + count; transaction += 1) {
    const rows = transactionOf(transaction, (transaction % 4) + 1);
    await harness.commit(rows);
    all.push(...rows);
  }
  return all;
};

const isPartial = (batch: Batch): boolean => batch.part !== undefined && !batch.part.last;

export const sourceCases: readonly SourceContractCase[] = [
  {
    name: 'yields every row once, in commit order',
    async run(harness) {
      const committed = await commitSome(harness, 10);
      assert.deepEqual((await readRows(harness, committed.length)).rows, committed);
    },
  },
  {
    name: 'yields whole transactions',
    async run(harness) {
      const committed = await commitSome(harness, 12);
      const { batches } = await readRows(harness, committed.length);
      const seenBefore = new Set<number>();
      for (const batch of batches) {
        const transactions = new Set(rowsOf(batch).map((row) => row.transaction));
        for (const transaction of transactions) {
          assert.ok(
            !seenBefore.has(transaction),
            `transaction ${transaction} is spread over batches that are no parts`,
          );
        }
        if (!isPartial(batch)) for (const transaction of transactions) seenBefore.add(transaction);
      }
    },
  },
  {
    name: 'yields what is committed while it reads',
    async run(harness) {
      await using source = await harness.open();
      const reading = readFrom(source, 6, nothing, patienceOf(harness));
      const committed = await commitSome(harness, 3);
      assert.deepEqual((await reading).rows.slice(0, committed.length), committed.slice(0, 9));
    },
  },
  {
    name: 'goes on exactly after any position it gave',
    async run(harness) {
      const committed = await commitSome(harness, 8);
      const { batches } = await readRows(harness, committed.length);
      const held = new Map<Lane, Position>();
      let seen = 0;
      for (const batch of batches) {
        seen += rowsOf(batch).length;
        for (const [lane, place] of batch.positions) held.set(lane, place);
        if (isPartial(batch) || seen === committed.length) continue;
        const rest = await readRows(harness, committed.length - seen, new Map(held));
        assert.deepEqual(rest.rows, committed.slice(seen));
      }
    },
  },
  {
    name: 'goes on after its last position with what is committed later',
    async run(harness) {
      const before = await commitSome(harness, 3);
      const { held } = await readRows(harness, before.length);
      const after = await commitSome(harness, 3, 4);
      assert.deepEqual((await readRows(harness, after.length, held)).rows, after);
    },
  },
  {
    name: 'gives the same places when it reads the same again',
    async run(harness) {
      const committed = await commitSome(harness, 6);
      const first = await readRows(harness, committed.length);
      const second = await readRows(harness, committed.length);
      await using source = await harness.open();
      for (const [lane, place] of first.held) {
        const again = second.held.get(lane);
        assert.ok(again !== undefined, `lane ${lane} has a place only once`);
        assert.ok(source.covers(place, again) && source.covers(again, place), `${place} and ${again} are one place`);
      }
    },
  },
  {
    name: 'asks what is held for every lane it goes on with',
    async run(harness) {
      const committed = await commitSome(harness, 3);
      const { held, lanesAsked } = await readRows(harness, committed.length);
      for (const lane of held.keys()) assert.ok(lanesAsked.has(lane), `lane ${lane} was never asked for`);
    },
  },
  {
    name: 'moves a lane with every batch that has changes',
    async run(harness) {
      const committed = await commitSome(harness, 6);
      const { batches } = await readRows(harness, committed.length);
      const held = new Map<Lane, Position>();
      for (const batch of batches) {
        const moves = [...batch.positions].some(([lane, place]) => held.get(lane) !== place);
        if (batch.changes.length > 0 && !isPartial(batch)) {
          assert.ok(moves, 'a batch with changes has the same positions as the one before');
        }
        for (const [lane, place] of batch.positions) held.set(lane, place);
      }
    },
  },
  {
    name: 'covers a place by itself and by later ones, and no later place by an earlier one',
    async run(harness) {
      const places: Position[] = [];
      let held: Held = nothing;
      let lane: Lane | undefined;
      for (let step = 1; step <= 4; step += 1) {
        const committed = await commitSome(harness, 1, step);
        const reading = await readRows(harness, committed.length, held);
        const moved = [...reading.held].find(([each, place]) => held.get(each) !== place && (lane ?? each) === each);
        assert.ok(moved, 'a commit moves the lane');
        lane = moved[0];
        places.push(moved[1]);
        held = reading.held;
      }
      await using source = await harness.open();
      for (const [i, left] of places.entries()) {
        for (const [j, right] of places.entries()) {
          assert.equal(source.covers(left, right), i >= j, `covers(${left}, ${right})`);
        }
      }
    },
  },
  {
    name: 'tells which changes are held at a position',
    async run(harness) {
      const first = await commitSome(harness, 3);
      const { held, batches: before } = await readRows(harness, first.length);
      const second = await commitSome(harness, 3, 4);
      const { batches: all } = await readRows(harness, first.length + second.length);
      const { batches: after } = await readRows(harness, second.length, held);
      await using source = await harness.open();
      const holds = (batches: readonly Batch[]): boolean[] =>
        batches
          .flatMap((batch) => batch.changes)
          .filter((change) => change.kind === 'rows')
          .map((change) => [...held.values()].some((place) => source.holds(place, change)));
      assert.ok(holds(before).every((isHeld) => isHeld));
      assert.ok(holds(after).every((isHeld) => !isHeld));
      const heldRows = all
        .flatMap((batch) => batch.changes)
        .filter((change) => [...held.values()].some((place) => source.holds(place, change)));
      assert.deepEqual(rowsOf({ ...all[0]!, changes: heldRows }), first);
    },
  },
  {
    name: 'gives versions of one width that grow with every batch',
    async run(harness) {
      const committed = await commitSome(harness, 8);
      const { batches } = await readRows(harness, committed.length);
      const versions = batches.filter((batch) => batch.changes.length > 0).map((batch) => batch.version);
      for (const [i, version] of versions.entries()) {
        const before = versions[i - 1];
        if (before === undefined) continue;
        assert.equal(version.length, before.length);
        assert.ok(before < version, `${before} comes before ${version}`);
      }
    },
  },
  {
    name: 'yields a transaction larger than memory in parts that follow each other',
    async run(harness) {
      if (harness.rowsForParts === null) return;
      const small = await commitSome(harness, 2);
      const huge = transactionOf(50, harness.rowsForParts);
      await harness.commit(huge);
      const later = await commitSome(harness, 1, 60);
      const all = [...small, ...huge, ...later];
      const { batches, rows } = await readRows(harness, all.length);
      assert.deepEqual(rows, all);

      const first = batches.findIndex((batch) => batch.part !== undefined);
      const last = batches.findIndex((batch) => batch.part?.last);
      assert.ok(first >= 0 && last > first, 'the transaction comes in several parts');
      const parts = batches.slice(first, last + 1);
      const before = new Map<Lane, Position>();
      for (const batch of batches.slice(0, first)) for (const [lane, place] of batch.positions) before.set(lane, place);
      for (const [index, { part, positions }] of parts.entries()) {
        assert.deepEqual(part, { transaction: parts[0]!.part!.transaction, index, last: index === parts.length - 1 });
        assert.ok(positions.size > 0, 'a part carries a position');
        if (part.last) assert.ok([...positions].some(([lane, place]) => before.get(lane) !== place));
        else for (const [lane, place] of positions) assert.equal(place, before.get(lane) ?? place);
      }
    },
  },
  {
    name: 'starts a transaction again at its first part when it was left in the middle',
    async run(harness) {
      if (harness.rowsForParts === null) return;
      const small = await commitSome(harness, 2);
      const huge = transactionOf(50, harness.rowsForParts);
      await harness.commit(huge);
      const held = new Map<Lane, Position>();
      await using source = await harness.open();
      for await (const batch of source.read(async () => null, AbortSignal.timeout(patienceOf(harness)))) {
        for (const [lane, place] of batch.positions) held.set(lane, place);
        if (batch.part !== undefined) break;
      }
      const { rows, batches } = await readRows(harness, huge.length, held);
      assert.deepEqual(rows, huge, `after ${small.length} rows held`);
      assert.equal(batches.find((batch) => batch.part !== undefined)?.part?.index, 0);
    },
  },
  {
    name: 'gives a schema change a batch of its own, between the rows before and after it',
    async run(harness) {
      if (harness.alter === undefined) return;
      const before = await commitSome(harness, 2);
      await harness.alter();
      const after = await commitSome(harness, 2, 3);
      const { batches, rows } = await readRows(harness, before.length + after.length);
      assert.deepEqual(rows, [...before, ...after]);
      const at = batches.findIndex((batch) => batch.changes.some((change) => change.kind === 'schema'));
      assert.ok(at >= 0, 'the schema change is yielded');
      assert.ok(batches[at]!.changes.every((change) => change.kind === 'schema'));
      assert.equal(batches.slice(0, at).flatMap(rowsOf).length, before.length);
    },
  },
  {
    name: 'returns when the signal aborts, in the middle and at the end of the log',
    async run(harness) {
      const committed = await commitSome(harness, 4);
      for (const stopAfter of [1, committed.length]) {
        await using source = await harness.open();
        const stop = new AbortController();
        let seen = 0;
        const patience = AbortSignal.timeout(patienceOf(harness));
        for await (const batch of source.read(async () => null, stop.signal)) {
          seen += rowsOf(batch).length;
          if (seen >= stopAfter) setImmediate(() => stop.abort());
          assert.ok(!patience.aborted, 'it goes on though it was stopped');
        }
        assert.ok(stop.signal.aborted || seen === committed.length, 'it ended by itself before the end of the log');
      }
    },
  },
  {
    name: 'takes an acknowledgement, and still reads from where it is asked to',
    async run(harness) {
      const committed = await commitSome(harness, 4);
      const first = await readRows(harness, committed.length);
      await using source = await harness.open();
      await source.acknowledge?.(first.held);
      const more = await commitSome(harness, 2, 5);
      assert.deepEqual((await readFrom(source, more.length, first.held, patienceOf(harness))).rows, more);
    },
  },
];
