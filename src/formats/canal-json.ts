import { Buffer } from 'node:buffer';
import type { MysqlOrigin, Op } from '../core/change.ts';
import type { Column, Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import { columnJson, type JsonForms } from './column-json.ts';
import type { RowChange } from './row-change.ts';

/**
 * A change as Canal's flat message, whose names come in alphabetical order and whose values are all texts:
 *
 *     {"data":[{"id":"1","note":null}],"database":"shop","es":1700000000000,"gtid":"","id":7,"isDdl":false,"mysqlType":{"id":"int","note":
 *     "varchar(30)"},"old":[{"note":"x"}],"pkNames":["id"],"sql":"","sqlType":{"id":4,"note":12},"table":"orders","ts":1700000000123,"type":"UPDATE"}
 *
 * Bytes are a text of one character a byte, as Canal's. `old` holds what an update changed. Rows of a snapshot are of type INSERT.
 * https://github.com/alibaba/canal/wiki/Canal-Kafka-RocketMQ-QuickStart
 */
export const canalJson = (change: RowChange, number: number, nowMillis: number): string => {
  const { op, table, origin, before, after } = change;
  const data = after ?? before;
  const old = op === 'update' ? `[${rowJson(table, before!, (value, i) => !equal(value, after![i]))}]` : 'null';
  return message(table, origin, number, nowMillis, typeOf[op], false, `[${rowJson(table, data!, () => true)}]`, old);
};

export const canalTruncate = (table: Table, origin: MysqlOrigin, number: number, nowMillis: number): string =>
  message(table, origin, number, nowMillis, 'TRUNCATE', true, 'null', 'null');

const typeOf = { read: 'INSERT', create: 'INSERT', update: 'UPDATE', delete: 'DELETE' } as const satisfies Record<
  Op,
  string
>;

const message = (
  table: Table,
  origin: MysqlOrigin,
  number: number,
  nowMillis: number,
  type: string,
  isDdl: boolean,
  data: string,
  old: string,
): string => {
  const { mysqlType, sqlType, pkNames } = describe(table);
  const text = JSON.stringify;
  return [
    `{"data":${data},"database":${text(table.database)},"es":${Math.floor(origin.commitMicros / 1_000)},"gtid":${text(origin.gtid ?? '')}`,
    `"id":${number},"isDdl":${isDdl},"mysqlType":${mysqlType},"old":${old},"pkNames":${pkNames},"sql":${text(isDdl ? (origin.query ?? '') : '')}`,
    `"sqlType":${sqlType},"table":${text(table.name)},"ts":${Math.floor(nowMillis)},"type":"${type}"}`,
  ].join(',');
};

const rowJson = (table: Table, row: Row, wanted: (value: Value, column: number) => boolean): string => {
  const fields: string[] = [];
  for (const [i, column] of table.columns.entries()) {
    const value = row[i];
    if (value === undefined || !wanted(value, i)) continue;
    fields.push(`${JSON.stringify(column.name)}:${value === null ? 'null' : JSON.stringify(textOf(column, value))}`);
  }
  return `{${fields.join(',')}}`;
};

const textOf = (column: Column, value: Exclude<Value, null>): string => {
  const { type } = column;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  // Canal numbers the members of an ENUM, and sets the bits of a SET.
  if (type.kind === 'enum') return String(type.values.indexOf(value as string) + 1);
  if (type.kind === 'set') {
    const members = value === '' ? [] : (value as string).split(',');
    return String(members.reduce((mask, member) => mask | (1n << BigInt(type.values.indexOf(member))), 0n));
  }
  return typeof value === 'string' ? value : columnJson(column, value, forms);
};

const forms: JsonForms = { decimals: 'text', sets: 'text', documents: 'text' };

const equal = (a: Value, b: Value | undefined): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b;

interface Description {
  readonly mysqlType: string;
  readonly sqlType: string;
  readonly pkNames: string;
}

const described = new WeakMap<Table, Description>();

/** What all messages of a table version have in common. */
const describe = (table: Table): Description => {
  let found = described.get(table);
  if (found === undefined) {
    found = {
      mysqlType: JSON.stringify(
        Object.fromEntries(table.columns.map(({ name, declaration, type }) => [name, declaration ?? type.kind])),
      ),
      sqlType: JSON.stringify(Object.fromEntries(table.columns.map((column) => [column.name, sqlTypeOf(column)]))),
      pkNames:
        table.primaryKey.length === 0
          ? 'null'
          : JSON.stringify(table.primaryKey.map((column) => table.columns[column]!.name)),
    };
    described.set(table, found);
  }
  return found;
};

/** java.sql.Types, as Canal's parser gives them. */
const sqlTypeOf = ({ type, declaration }: Column): number => {
  switch (type.kind) {
    case 'integer':
      if (type.bits === 8) return type.unsigned ? 5 : -6;
      if (type.bits === 16) return type.unsigned ? 4 : 5;
      if (type.bits === 64) return type.unsigned ? 3 : -5;
      return type.bits === 32 && type.unsigned ? -5 : 4;
    case 'text':
      return type.fixed ? 1 : /text/i.test(declaration ?? '') ? 2_005 : 12;
    case 'binary':
      return /blob/i.test(declaration ?? '') ? 2_004 : type.fixed ? -2 : -3;
    case 'decimal':
      return 3;
    case 'float':
      return 7;
    case 'double':
      return 8;
    case 'bit':
      return -7;
    case 'date':
      return 91;
    case 'time':
      return 92;
    case 'datetime':
    case 'timestamp':
      return 93;
    case 'enum':
      return 4;
    case 'set':
      return -7;
    case 'year':
    case 'json':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return 12;
    case 'geometry':
    case 'vector':
      return -2;
  }
};
