import { MillraceError } from '../core/errors.ts';
import type { SqlRow } from '../operators/incremental/delta.ts';
import { StateReader } from '../operators/incremental/state/state-reader.ts';
import { jsonText } from '../sql/evaluate/json-text.ts';
import type { EvaluationContext } from '../sql/evaluate/sql-value.ts';
import type { KeptMoment } from '../state/kept-moment.ts';
import {
  type Checkpoint,
  type KeptColumn,
  type KeptEntries,
  type KeptTable,
  stepSpace,
  tableSpace,
} from './checkpoint.ts';
import { rowJson } from './row-json.ts';

/** A step or a table of a job, under the name that `state list` shows. */
interface Part {
  readonly name: string;
  readonly fingerprint: string;
  lines(): Generator<string, void, undefined>;
}

/** What a key and its entry are in JSON. */
type ReadEntry = (key: Uint8Array, entry: Uint8Array) => readonly [key: string, entry: string];

/** TIMESTAMP_LTZ is written in UTC. */
const context: EvaluationContext = { now: () => 0, timeZone: 'UTC', random: () => 0 };

/**
 * What a job remembers, a line of JSON for each entry (docs/sql/state.md), read as it is asked for. `chosen`: a step's or table's name, or
 * where its fingerprint begins; null: all. Throws STATE_NOT_FOUND when there is no such, STATE_NOT_DESCRIBED and STATE_UNREADABLE.
 */
export function* exportedLines(
  moment: KeptMoment,
  { folder, chosen }: { readonly folder: string; readonly chosen: string | null },
): Generator<string, void, undefined> {
  const checkpoint = JSON.parse(moment.checkpoint!) as Checkpoint;
  const all = [...stepParts(moment, folder, checkpoint), ...tableParts(moment, folder, checkpoint)];
  const parts = chosen === null ? all : all.filter((part) => isCalled(part, chosen));
  if (chosen !== null && parts.length === 0)
    throw new MillraceError('STATE_NOT_FOUND', { what: `step or table called ${chosen}`, folder });
  for (const part of parts) yield* part.lines();
}

const isCalled = ({ name, fingerprint }: Part, chosen: string): boolean =>
  name === chosen ||
  name.slice(name.indexOf(' ') + 1) === chosen ||
  (/^[0-9a-f]{6,}$/.test(chosen) && fingerprint.startsWith(chosen));

const stepParts = (moment: KeptMoment, folder: string, { steps = [] }: Checkpoint): readonly Part[] =>
  steps.map(({ fingerprint, step, states, entries }) => ({
    name: `step ${step}`,
    fingerprint,
    *lines() {
      if (entries === undefined) throw new MillraceError('STATE_NOT_DESCRIBED', { folder });
      for (let at = 0; at < states; at += 1) {
        const shape = entries[at]!;
        const own = { step: `step ${step}`, fingerprint, state: shape?.name ?? String(at) };
        const read = shape === null ? storedEntry : shapedEntry(shape);
        yield* linesOf(own, moment.entries(stepSpace(fingerprint, at), read));
      }
    },
  }));

const tableParts = (moment: KeptMoment, folder: string, { inputs }: Checkpoint): readonly Part[] =>
  inputs
    .flatMap(({ tables }) => tables)
    .map(({ name, identity, columns, key }) => ({
      name: `table ${name}`,
      fingerprint: identity,
      *lines() {
        if (columns === undefined || key === undefined) throw new MillraceError('STATE_NOT_DESCRIBED', { folder });
        const own = { step: `table ${name}`, fingerprint: identity, state: 'rows' };
        yield* linesOf(own, moment.entries(tableSpace(identity, 0), tableEntry(columns, key)));
      },
    }));

function* linesOf(
  { step, fingerprint, state }: { readonly step: string; readonly fingerprint: string; readonly state: string },
  entries: Iterable<readonly [key: string, entry: string]>,
): Generator<string, void, undefined> {
  const head = `{"step":${jsonText(step)},"fingerprint":"${fingerprint.slice(0, 12)}","state":"${state}"`;
  for (const [key, entry] of entries) yield `${head},"key":${key},"entry":${entry}}\n`;
}

/** Of a state whose entries only its step understands. */
const storedEntry: ReadEntry = (key, entry) => [
  `{"bytes":"${Buffer.from(key).toString('base64')}"}`,
  `{"bytes":"${Buffer.from(entry).toString('base64')}"}`,
];

/** A row at the places of these columns. */
const cutJson = (columns: readonly KeptColumn[]): ((row: SqlRow) => string) => {
  const json = rowJson(columns, context);
  return (row) => json(columns.map(({ place }) => row[place]!));
};

const shapedEntry = ({ start, columns, key }: KeptEntries): ReadEntry => {
  const [rowOf, keyOf] = [cutJson(columns), cutJson(key)];
  return (_, bytes) => {
    const from = new StateReader(bytes);
    // When it was last written, where entries have a time to live.
    from.count();
    switch (start) {
      case 'row': {
        const row = from.row();
        return [keyOf(row), `{"row":${rowOf(row)},"count":${from.value()}}`];
      }
      case 'group': {
        const row = from.row();
        from.value();
        return [keyOf(row), `{"row":${rowOf(row)},"count":${from.value()}}`];
      }
      case 'counted': {
        const row = from.row();
        const [left, right, told] = from.row() as readonly number[];
        return [keyOf(row), `{"row":${rowOf(row)},"left":${left},"right":${right},"count":${told}}`];
      }
      default: {
        const [rows, counts] = countedRows(start, from);
        const items = rows.map((row, at) => `{"row":${rowOf(row)},"count":${counts[at]!}}`);
        return [rows.length === 0 ? '{}' : keyOf(rows[0]!), `{"rows":[${items.join(',')}]}`];
      }
    }
  };
};

const countedRows = (
  start: Exclude<KeptEntries['start'], 'row' | 'group' | 'counted'>,
  from: StateReader,
): readonly [rows: readonly SqlRow[], counts: readonly number[]] => {
  if (start === 'bag') return [from.value() as unknown as readonly SqlRow[], from.row() as number[]];
  if (start === 'rows') {
    const rows = from.value() as unknown as readonly SqlRow[];
    return [rows, rows.map(() => 1)];
  }
  const [rows, counts]: [SqlRow[], number[]] = [[], []];
  for (let left = from.count(); left > 0; left -= 1) {
    rows.push(from.row());
    counts.push(from.value() as number);
  }
  return [rows, counts];
};

/** Key columns that no query reads stand in the key alone, as the source gave them (core/value.ts). */
const tableEntry = (columns: readonly KeptColumn[], primaryKey: NonNullable<KeptTable['key']>): ReadEntry => {
  const rowOf = cutJson(columns);
  return (keyBytes, bytes) => {
    const from = new StateReader(bytes);
    from.count();
    const row = rowOf(from.row());
    const entry = `{"row":${row},"count":${from.value()}}`;
    if (primaryKey.length === 0) return [row, entry];
    const found = new StateReader(keyBytes).value();
    const parts = primaryKey.length === 1 ? [found] : (JSON.parse(found as string) as readonly (string | number)[]);
    const named = primaryKey.map(({ name, isBytes }, at) => {
      const part = parts[at]!;
      const value = isBytes ? Buffer.from(part as string, 'latin1').toString('base64') : part;
      return `${jsonText(name)}:${jsonText(typeof value === 'bigint' ? String(value) : value)}`;
    });
    return [`{${named.join(',')}}`, entry];
  };
};
