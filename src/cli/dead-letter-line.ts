import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { ArrayRowImages } from '../core/array-row-images.ts';
import type { Op, Origin, RowsChange } from '../core/change.ts';
import { jsonValue } from '../core/json-value.ts';
import type { ColumnType, Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import type { DeadLetter } from '../pipeline/dead-letters.ts';
import type { UnreadableLine } from './unreadable-line.ts';

/** A refused row as its line of the dead letter file holds it. */
export interface RefusedLine {
  /** Made of everything but the time: a letter that comes twice after a crash is one letter. */
  readonly id: string;
  readonly time: string;
  readonly sink: string;
  readonly database: string;
  readonly table: string;
  readonly op: Op;
  readonly code: string;
  readonly message: string;
  /** Where the row stands in its source: `binlog.000003:1234`. */
  readonly position: string;
  /** By column name; a column that was not logged is not there. */
  readonly before: Readonly<Record<string, string | number | null>> | null;
  readonly after: Readonly<Record<string, string | number | null>> | null;
  /** The table as the row was made for it: what a replay reads the values by. */
  readonly definition: Table;
  readonly origin: Origin;
}

export type DeadLetterLine = RefusedLine | UnreadableLine;

export const isUnreadable = (line: DeadLetterLine): line is UnreadableLine => 'offset' in line;

export const isRefused = (line: DeadLetterLine): line is RefusedLine => !isUnreadable(line);

/** A line that says that a letter needs nobody any more. */
export interface SettledLine {
  readonly time: string;
  readonly settled: string;
  readonly how: 'replayed' | 'dropped';
}

export const deadLetterLine = (
  { sink, table, op, rows, batch, code, message }: DeadLetter,
  time: string,
): RefusedLine => {
  const named = (row: Row | null): RefusedLine['after'] =>
    row &&
    Object.fromEntries(
      row.flatMap((value, at) => (value === undefined ? [] : [[table.columns[at]!.name, jsonValue(value)]])),
    );
  const { database, name } = table;
  const change = batch.changes[0] as RowsChange;
  const images = { before: named(rows.before(0)), after: named(rows.after(0)) };
  const position = placeOf(change.origin);
  const id = createHash('sha256')
    .update(JSON.stringify([sink, database, name, op, code, position, images]))
    .digest('hex')
    .slice(0, 12);
  const origin = plainOrigin(change.origin);
  return { id, time, sink, database, table: name, op, code, message, position, ...images, definition: table, origin };
};

/** The change that the letter's row came as. */
export const changeOf = ({ op, definition, before, after, origin }: RefusedLine): RowsChange => {
  const row = (image: RefusedLine['after']): readonly Row[] | null =>
    image === null
      ? null
      : [
          definition.columns.map(({ name, type }) =>
            Object.hasOwn(image, name) ? canonicalValue(image[name] ?? null, type) : undefined,
          ),
        ];
  return {
    kind: 'rows',
    op,
    table: definition,
    rows: new ArrayRowImages(definition, { before: row(before), after: row(after) }),
    origin,
  };
};

/** The canonical value (core/value.ts) that `jsonValue` wrote. */
const canonicalValue = (value: string | number | null, type: ColumnType): Value => {
  if (value === null) return null;
  switch (type.kind) {
    case 'binary':
    case 'geometry':
    case 'vector':
      return Buffer.from(String(value).replace(/^0x|^''$/, ''), 'hex');
    case 'integer':
    case 'bit':
      return typeof value === 'string' ? BigInt(value) : value;
    default:
      return value;
  }
};

const placeOf = (origin: Origin): string => {
  switch (origin.kind) {
    case 'mysql':
      return `${origin.file}:${origin.offset}`;
    case 'kafka':
      return `${origin.topic}-${origin.partition}@${origin.offset}`;
    case 'redis':
      return `${origin.replicationId}:${origin.offset}`;
  }
};

/** Origins may be objects that answer when asked; a line holds what they answer, and no statement of somebody's. */
const plainOrigin = (origin: Origin): Origin => {
  switch (origin.kind) {
    case 'mysql': {
      const { kind, flavor, serverId, gtid, file, offset, commitMicros, thread } = origin;
      return { kind, flavor, serverId, gtid, file, offset, commitMicros, thread, query: null };
    }
    case 'kafka':
      return { ...origin, key: null, headers: [] };
    case 'redis':
      return origin;
  }
};
