import type { IntervalUnit, IntervalUnits, RowField, TypeName } from '../ast/type-name.ts';
import type { Cursor } from './cursor.ts';

/** `DECIMAL(10, 2) NOT NULL`, `ARRAY<ROW<a INT, b STRING>>`, `INT ARRAY`... */
export const parseTypeName = (cursor: Cursor): TypeName => {
  const { start } = cursor;
  let type = parsePlainType(cursor, start);
  for (;;) {
    const suffix = cursor.sees('ARRAY') ? 'array' : cursor.sees('MULTISET') ? 'multiset' : null;
    if (suffix === null) break;
    cursor.take();
    type = { kind: suffix, element: type, nullable: null, ...cursor.spanFrom(start) };
  }
  const nullable = parseNullability(cursor);
  return nullable === null ? type : { ...type, nullable, ...cursor.spanFrom(start) };
};

const parseNullability = (cursor: Cursor): boolean | null => {
  if (cursor.accept('NOT', 'NULL')) return false;
  return cursor.accept('NULL') ? true : null;
};

const plainTypes: ReadonlyMap<string, string> = new Map([
  ['BOOLEAN', 'BOOLEAN'],
  ['TINYINT', 'TINYINT'],
  ['SMALLINT', 'SMALLINT'],
  ['INT', 'INT'],
  ['INTEGER', 'INT'],
  ['BIGINT', 'BIGINT'],
  ['FLOAT', 'FLOAT'],
  ['REAL', 'FLOAT'],
  ['STRING', 'STRING'],
  ['BYTES', 'BYTES'],
  ['DATE', 'DATE'],
]);

/** Types that take parameters in parentheses, at most so many. */
const parametrized: ReadonlyMap<string, readonly [name: string, most: number]> = new Map([
  ['DECIMAL', ['DECIMAL', 2]],
  ['DEC', ['DECIMAL', 2]],
  ['NUMERIC', ['DECIMAL', 2]],
  ['CHAR', ['CHAR', 1]],
  ['CHARACTER', ['CHAR', 1]],
  ['VARCHAR', ['VARCHAR', 1]],
  ['BINARY', ['BINARY', 1]],
  ['VARBINARY', ['VARBINARY', 1]],
  ['TIME', ['TIME', 1]],
  ['TIMESTAMP', ['TIMESTAMP', 1]],
  ['TIMESTAMP_LTZ', ['TIMESTAMP_LTZ', 1]],
]);

const parsePlainType = (cursor: Cursor, start: number): TypeName => {
  const { keyword } = cursor.peek();
  const plain = plainTypes.get(keyword);
  if (plain !== undefined) {
    cursor.take();
    return { kind: 'type', name: plain, parameters: [], nullable: null, ...cursor.spanFrom(start) };
  }
  if (cursor.accept('DOUBLE')) {
    cursor.accept('PRECISION');
    return { kind: 'type', name: 'DOUBLE', parameters: [], nullable: null, ...cursor.spanFrom(start) };
  }
  const known = parametrized.get(keyword);
  if (known !== undefined) return parseParametrized(cursor, start, known);
  if (cursor.sees('ARRAY', '<') || cursor.sees('MULTISET', '<')) {
    const kind = cursor.take().keyword === 'ARRAY' ? 'array' : 'multiset';
    cursor.expect('<');
    const element = cursor.typeName();
    closeAngle(cursor);
    return { kind, element, nullable: null, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('MAP', '<')) {
    cursor.expect('MAP', '<');
    const key = cursor.typeName();
    cursor.expect(',');
    const value = cursor.typeName();
    closeAngle(cursor);
    return { kind: 'map', key, value, nullable: null, ...cursor.spanFrom(start) };
  }
  if (cursor.accept('ROW')) return parseRowType(cursor, start);
  if (cursor.accept('INTERVAL')) {
    return { kind: 'interval', interval: parseIntervalUnits(cursor), nullable: null, ...cursor.spanFrom(start) };
  }
  if (cursor.sees('RAW', '(')) {
    cursor.expect('RAW', '(');
    const className = cursor.string();
    cursor.expect(',');
    const serializer = cursor.string();
    cursor.expect(')');
    return { kind: 'raw', className, serializer, nullable: null, ...cursor.spanFrom(start) };
  }
  return { kind: 'named', path: cursor.path('a type'), nullable: null, ...cursor.spanFrom(start) };
};

const parseParametrized = (cursor: Cursor, start: number, [base, most]: readonly [string, number]): TypeName => {
  cursor.take();
  let name = base;
  if ((base === 'CHAR' || base === 'BINARY') && cursor.accept('VARYING'))
    name = base === 'CHAR' ? 'VARCHAR' : 'VARBINARY';
  let parameters: readonly number[] = [];
  if (cursor.accept('(')) {
    const read = [cursor.wholeNumber()];
    while (read.length < most && cursor.accept(',')) read.push(cursor.wholeNumber());
    cursor.expect(')');
    parameters = read;
  }
  if (base === 'TIME' || base === 'TIMESTAMP') {
    if (cursor.accept('WITHOUT')) cursor.expect('TIME', 'ZONE');
    else if (cursor.sees('WITH') && !cursor.sees('WITH', '(')) {
      cursor.take();
      const local = cursor.accept('LOCAL');
      cursor.expect('TIME', 'ZONE');
      if (base === 'TIME' || !local) {
        cursor.refuse(cursor.spanFrom(start), `${base} WITH ${local ? 'LOCAL ' : ''}TIME ZONE`, 'use TIMESTAMP_LTZ');
      }
      name = 'TIMESTAMP_LTZ';
    }
  }
  return { kind: 'type', name, parameters, nullable: null, ...cursor.spanFrom(start) };
};

const parseRowType = (cursor: Cursor, start: number): TypeName => {
  if (cursor.accept('<>')) return { kind: 'row', fields: [], nullable: null, ...cursor.spanFrom(start) };
  const angled = cursor.accept('<');
  if (!angled) cursor.expect('(');
  const fields: RowField[] = [];
  const empty = angled ? cursor.sees('>') : cursor.sees(')');
  if (!empty) fields.push(...cursor.list(() => parseField(cursor)));
  if (angled) closeAngle(cursor);
  else cursor.expect(')');
  return { kind: 'row', fields, nullable: null, ...cursor.spanFrom(start) };
};

const parseField = (cursor: Cursor): RowField => {
  const name = cursor.name("a field's name");
  const type = cursor.typeName();
  const comment = cursor.peek().kind === 'string' ? cursor.string() : null;
  return { name, type, comment };
};

const closeAngle = (cursor: Cursor): void => cursor.expect('>');

const units: ReadonlyMap<string, IntervalUnit> = new Map([
  ['YEAR', 'YEAR'],
  ['YEARS', 'YEAR'],
  ['MONTH', 'MONTH'],
  ['MONTHS', 'MONTH'],
  ['DAY', 'DAY'],
  ['DAYS', 'DAY'],
  ['HOUR', 'HOUR'],
  ['HOURS', 'HOUR'],
  ['MINUTE', 'MINUTE'],
  ['MINUTES', 'MINUTE'],
  ['SECOND', 'SECOND'],
  ['SECONDS', 'SECOND'],
]);

const below: Readonly<Record<IntervalUnit, readonly IntervalUnit[]>> = {
  YEAR: ['MONTH'],
  MONTH: [],
  DAY: ['HOUR', 'MINUTE', 'SECOND'],
  HOUR: ['MINUTE', 'SECOND'],
  MINUTE: ['SECOND'],
  SECOND: [],
};

/** `DAY(3) TO SECOND(6)`, `SECOND(3, 6)`, `YEAR` */
export const parseIntervalUnits = (cursor: Cursor): IntervalUnits => {
  const from = parseUnit(cursor);
  let precision: number | null = null;
  let fraction: number | null = null;
  if (cursor.accept('(')) {
    precision = cursor.wholeNumber();
    if (from === 'SECOND' && cursor.accept(',')) fraction = cursor.wholeNumber();
    cursor.expect(')');
  }
  let to: IntervalUnit | null = null;
  if (below[from].length > 0 && cursor.accept('TO')) {
    const mark = cursor.mark;
    to = parseUnit(cursor);
    if (!below[from].includes(to)) {
      cursor.rewind(mark);
      cursor.fail(below[from].join(' or '));
    }
    if (to === 'SECOND' && cursor.accept('(')) {
      fraction = cursor.wholeNumber();
      cursor.expect(')');
    }
  }
  return { from, precision, to, fraction };
};

const parseUnit = (cursor: Cursor): IntervalUnit => {
  const unit = units.get(cursor.peek().keyword);
  if (unit === undefined) cursor.fail('YEAR, MONTH, DAY, HOUR, MINUTE or SECOND');
  cursor.take();
  return unit;
};
