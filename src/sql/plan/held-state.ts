import type { SqlType } from '../types/sql-type.ts';
import { changelogOf } from './changelog.ts';
import { isComplete } from './complete-windows.ts';
import { intervalOf } from './interval-join.ts';
import type { Plan, PlanColumn } from './plan.ts';

/** What a step remembers between ticks, of one kind. */
export interface HeldState {
  /** What there is one of: `each row of the left side`. */
  readonly each: string;
  /** About how much one of it takes in memory, in bytes. Texts are taken for short ones. */
  readonly bytes: number;
}

/** What a step itself remembers, without its inputs; nothing: it passes changes on. */
export const heldBy = (plan: Plan): readonly HeldState[] => {
  switch (plan.kind) {
    case 'aggregate':
      return groupsHeld(plan);
    case 'join': {
      const until = isComplete(plan) || intervalOf(plan) !== null ? ', until the watermark has passed it' : '';
      return [
        { each: `each row of the left side${until}`, bytes: ENTRY + rowBytes(plan.left.columns) },
        { each: `each row of the right side${until}`, bytes: ENTRY + rowBytes(plan.right.columns) },
      ];
    }
    case 'temporal-join': {
      const version = { each: 'each row of the right side', bytes: ENTRY + rowBytes(plan.right.columns) };
      const waiting = { each: 'each row of the left side, until the watermark', bytes: rowBytes(plan.columns) };
      if (plan.time !== null) return [{ ...version, each: 'each version of a row of the right side' }, waiting];
      // What was told of a row is taken back with it, as it was.
      const told = { each: 'each row of the left side with what it met', bytes: ENTRY + rowBytes(plan.columns) };
      return isAppended(plan.left) ? [version] : [version, told];
    }
    case 'lookup-join': {
      const told = { each: 'each row of the left side with what it met', bytes: ENTRY + rowBytes(plan.columns) };
      return isAppended(plan.left) ? [] : [told];
    }
    case 'intersect':
    case 'except':
      return [{ each: 'each different row, with how often either side has it', bytes: ENTRY + rowBytes(plan.columns) }];
    case 'top': {
      if (plan.limit === null && plan.offset === 0) return [];
      const places = plan.limit === null ? null : plan.offset + plan.limit;
      if (isAppended(plan.input) && plan.order.length === 0) return [];
      return [{ each: rowsHeld(plan.input, places, ''), bytes: rowBytes(plan.columns) }];
    }
    case 'rank': {
      const places = Number.isFinite(plan.to) ? plan.to : null;
      return [
        { each: partitionHeld(plan), bytes: PARTITION },
        { each: rowsHeld(plan.input, places, ' of a partition'), bytes: rowBytes(plan.input.columns) },
      ];
    }
    case 'over':
      return [
        { each: partitionHeld(plan), bytes: PARTITION },
        { each: 'each row, with what was told of it', bytes: rowBytes(plan.input.columns) + rowBytes(plan.columns) },
      ];
    case 'window': {
      const sessions = plan.window === 'SESSION';
      if (plan.closes !== null) return [{ each: 'each row of a window that is open', bytes: rowBytes(plan.columns) }];
      return sessions ? [{ each: 'each row, by its session', bytes: ENTRY + rowBytes(plan.columns) }] : [];
    }
    default:
      return [];
  }
};

const groupsHeld = (plan: Extract<Plan, { kind: 'aggregate' }>): readonly HeldState[] => {
  const { input, groups, sets, calls } = plan;
  const columnsAt = (places: readonly number[]): readonly PlanColumn[] => places.map((place) => input.columns[place]!);
  const names = columnsAt(groups).map(({ name }) => name);
  const perSet = sets.length === 1 ? '' : `, of each of ${sets.length} grouping sets`;
  const open = isComplete(plan) ? ' of a window that is open' : '';
  const each = groups.length === 0 ? 'the one group of all rows' : `each group (${names.join(', ')})${open}${perSet}`;
  const total = calls.reduce((sum, { type }) => sum + SLOT + typeBytes(type), 0);
  const held: HeldState[] = [{ each, bytes: ENTRY + rowBytes(columnsAt(groups)) + total }];
  for (const { name, args, distinct } of calls) {
    const values = columnsAt(args);
    if (!distinct && !(keepsValues.has(name) && !(isAppended(input) && keepsOne.has(name)))) continue;
    const what = values.map((column) => column.name).join(', ');
    held.push({ each: `each different ${what} of a group`, bytes: SLOT + rowBytes(values) });
  }
  return held;
};

const partitionHeld = ({ input, partition }: Extract<Plan, { kind: 'over' | 'rank' }>): string => {
  const names = partition.map((column) => input.columns[column]!.name).join(', ');
  return names === '' ? 'the one partition of all rows' : `each partition (${names})`;
};

/** The rows that an order is kept of: all, unless rows only come and those behind the last place never matter. */
const rowsHeld = (input: Plan, places: number | null, where: string): string =>
  places !== null && isAppended(input) ? `the first ${places} rows${where}, each` : `each row${where}`;

const isAppended = (plan: Plan): boolean => changelogOf(plan).kinds.length === 1;

/** Aggregates that may need a value again once another goes. */
const keepsValues: ReadonlySet<string> = new Set([
  'MIN',
  'MAX',
  'FIRST_VALUE',
  'LAST_VALUE',
  'LISTAGG',
  'ARRAY_AGG',
  'COLLECT',
  'JSON_ARRAYAGG',
  'JSON_OBJECTAGG',
]);
/** Those of them that need one value only where rows only come. */
const keepsOne: ReadonlySet<string> = new Set(['MIN', 'MAX', 'FIRST_VALUE', 'LAST_VALUE']);

/** A place in a hash map with its key and what belongs to it; measured, as the others are, over 200 000 rows of small tables. */
const ENTRY = 240;
/** What a partition takes beside its rows. */
const PARTITION = 1_000;
/** A number of its own beside a value. */
const SLOT = 16;
/** The object around a row's values. */
const ROW = 32;

const rowBytes = (columns: readonly PlanColumn[]): number =>
  columns.reduce((sum, { type }) => sum + 8 + typeBytes(type), ROW);

/** What a value takes beside its place in the row. */
const typeBytes = (type: SqlType): number => {
  switch (type.kind) {
    case 'NULL':
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'DATE':
      return 0;
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'MONTHS':
    case 'MILLIS':
      return 16;
    case 'DECIMAL':
      return type.precision > 15 ? 32 : 16;
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return 24 + Math.min(type.length, 32);
    case 'ARRAY':
    case 'MULTISET':
      return ROW + 4 * (8 + typeBytes(type.element));
    case 'MAP':
      return ENTRY + 4 * (16 + typeBytes(type.key) + typeBytes(type.value));
    case 'ROW':
      return type.fields.reduce((sum, field) => sum + 8 + typeBytes(field.type), ROW);
  }
};
