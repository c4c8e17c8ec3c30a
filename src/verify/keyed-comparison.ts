import type { Key, KeyRange, Reader, RowPage } from '../core/reader.ts';
import type { Row } from '../core/value.ts';
import { type ComparedTable, keyName } from './compared-table.ts';
import { heldRows, PageRows } from './held-rows.ts';
import { dueOf, type Suspect, sourceKeys } from './suspects.ts';

/** How far a comparison along a key is. */
export interface KeyedPlace {
  /** `backward`: the target's rows are looked up at the source, after all of the source's were looked up in the target. */
  readonly phase: 'forward' | 'backward';
  /** Rows up to this key are done; null: none is. */
  readonly after: Key | null;
}

export interface KeyedStep {
  readonly place: KeyedPlace;
  /** Nothing is left to read. */
  readonly ended: boolean;
  readonly rows: number;
  /** A sample leaves chunks out. */
  readonly skipped: boolean;
  readonly suspects: readonly Suspect[];
}

export interface KeyedOptions {
  readonly table: ComparedTable;
  readonly source: Reader;
  readonly target: Reader;
  readonly chunkRows: number;
  /** Whether a chunk is compared, asked once for each. */
  readonly chosen: () => boolean;
  readonly signal: AbortSignal;
}

/** Compares two tables along their key from `place` on, a chunk at a step. Nothing waits for the sink: suspects are looked at again later. */
export const compareKeyed = (options: KeyedOptions, place: KeyedPlace): AsyncGenerator<KeyedStep, void, undefined> => {
  switch (options.table.method) {
    case 'checksums':
      return bySums(options, place);
    case 'lookups':
      return byLookups(options, place);
    default:
      return byRows(options, place);
  }
};

async function* bySums(options: KeyedOptions, place: KeyedPlace): AsyncGenerator<KeyedStep, void, undefined> {
  const { table, source, target, chunkRows, chosen, signal } = options;
  const { summed } = table;
  let { after } = place;
  const boundaryAfter = (key: Key | null): Promise<Key | null> =>
    source.sums!.boundary(table.source, { after: key, upTo: null }, chunkRows, signal);
  let upTo = await boundaryAfter(after);
  for (;;) {
    const range: KeyRange = { after, upTo };
    const compared = chosen();
    let rows = 0;
    let suspects: readonly Suspect[] = [];
    // Each side works by itself, so both at once.
    const following = upTo === null ? null : boundaryAfter(upTo);
    following?.catch(() => {});
    if (compared) {
      const [wanted, found] = await Promise.all([
        source.sums!.checksum(table.source, summed.source, range, signal),
        target.sums!.checksum(table.target, summed.target, targetRange(table, range), signal),
      ]);
      rows = wanted.rows;
      if (wanted.rows !== found.rows || wanted.sum !== found.sum) {
        await following;
        suspects = (await compareRange(options, range)).suspects;
      }
    }
    after = upTo;
    const next = following === null ? null : await following;
    yield { place: { phase: 'forward', after }, ended: upTo === null, rows, skipped: !compared, suspects };
    if (upTo === null) return;
    upTo = next;
  }
}

async function* byRows(options: KeyedOptions, place: KeyedPlace): AsyncGenerator<KeyedStep, void, undefined> {
  const { table, chosen } = options;
  let { after } = place;
  let page = await pageAfter(options, after);
  for (;;) {
    const end = page.last ? null : table.sourceKeyOf(page.rows.at(-1)!);
    // The next page is read while this one is compared.
    const following = end === null ? null : pageAfter(options, end);
    following?.catch(() => {});
    const compared = chosen();
    const suspects = compared ? await compareWithTarget(options, page.rows, { after, upTo: end }) : [];
    after = end;
    // Whoever takes the step may ask the source about suspects, and it answers one question at a time.
    const next = await following;
    yield {
      place: { phase: 'forward', after },
      ended: end === null,
      rows: page.rows.length,
      skipped: !compared,
      suspects,
    };
    if (next === null) return;
    page = next;
  }
}

async function* byLookups(options: KeyedOptions, place: KeyedPlace): AsyncGenerator<KeyedStep, void, undefined> {
  const { table, source, target, chunkRows, chosen, signal } = options;
  const held = heldRows(table, target, chunkRows, signal);
  let { phase, after } = place;
  let page = phase === 'forward' ? await pageAfter(options, after) : null;
  while (page !== null) {
    const { last }: RowPage = page;
    const rows: PageRows = new PageRows(page, table.source);
    after = last ? null : table.sourceKeyOf(rows.at(rows.length - 1));
    // The next page is read while this one is compared.
    const following = last ? null : pageAfter(options, after);
    following?.catch(() => {});
    const compared = chosen() && rows.length > 0;
    const suspects: readonly Suspect[] = rows.length > 0 ? await held.look(rows, compared) : [];
    phase = last ? 'backward' : 'forward';
    const ended = last && table.shared;
    const next = await following;
    yield {
      place: { phase, after },
      ended,
      rows: rows.length,
      skipped: !compared,
      suspects,
    };
    if (ended) return;
    page = next;
  }
  for (;;) {
    // What the source had a moment ago needs no second look.
    const { keys, wrong = [], reached, last } = await held.others(after);
    const named = (targetKey: Key): Suspect => ({ sourceKey: table.toSourceKey(targetKey), targetKey });
    const looked = keys.map(named);
    const rows = looked.length === 0 ? [] : await source.lookup(table.source, sourceKeys(looked), signal);
    const found = table.placed ? await dueOf(table, rows, looked) : rows;
    const suspects = [...looked.filter((_, i) => found[i] === null), ...wrong.map(named)];
    after = last ? null : (reached ?? after);
    yield { place: { phase: 'backward', after }, ended: last, rows: 0, skipped: false, suspects };
    if (last) return;
  }
}

const pageAfter = ({ table, source, chunkRows, signal }: KeyedOptions, after: Key | null): Promise<RowPage> =>
  source.page(table.source, { after, upTo: null }, chunkRows, signal);

const targetRange = (table: ComparedTable, { after, upTo }: KeyRange): KeyRange => ({
  after: after && table.toTargetKey(after),
  upTo: upTo && table.toTargetKey(upTo),
});

/** Reads a range on both sides, piece by piece. */
const compareRange = async (
  options: KeyedOptions,
  range: KeyRange,
): Promise<{ readonly suspects: readonly Suspect[] }> => {
  const { table, source, chunkRows, signal } = options;
  const suspects: Suspect[] = [];
  for (let { after } = range; ; ) {
    const page = await source.page(table.source, { after, upTo: range.upTo }, chunkRows, signal);
    const upTo = page.last ? range.upTo : table.sourceKeyOf(page.rows.at(-1)!);
    suspects.push(...(await compareWithTarget(options, page.rows, { after, upTo })));
    if (page.last) return { suspects };
    after = upTo;
  }
};

/** Compares all of the source's rows of a range with the target's. */
const compareWithTarget = async (
  { table, target, chunkRows, signal }: KeyedOptions,
  rows: readonly Row[],
  range: KeyRange,
): Promise<readonly Suspect[]> => {
  const suspects: Suspect[] = [];
  const wanted = new Map<string, Row>();
  for (const row of await table.expected.from(rows))
    if (row !== null) wanted.set(keyName(table.expectedKeyOf(row)), row);
  let { after, upTo } = targetRange(table, range);
  for (;;) {
    const page = await target.page(table.target, { after, upTo }, chunkRows, signal);
    for (const row of page.rows) {
      const targetKey = table.targetKeyOf(row);
      const name = keyName(targetKey);
      const expected = wanted.get(name);
      if (expected === undefined || !table.same(expected, row)) {
        suspects.push({ sourceKey: table.toSourceKey(targetKey), targetKey });
      }
      wanted.delete(name);
    }
    if (page.last) break;
    after = table.targetKeyOf(page.rows.at(-1)!);
  }
  for (const row of wanted.values()) {
    const targetKey = table.expectedKeyOf(row);
    suspects.push({ sourceKey: table.toSourceKey(targetKey), targetKey });
  }
  return suspects;
};
