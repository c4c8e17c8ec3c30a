import { Buffer } from 'node:buffer';
import type { MysqlOrigin, SchemaChange } from '../../core/change.ts';
import type { Column, ColumnType, Table } from '../../core/table.ts';
import type { OutputBuffer } from '../output-buffer.ts';
import { jsonString } from './json-string.ts';
import type { SourceBlock } from './source-block.ts';

/**
 * Debezium's record of a schema change (topic `<prefix>`), after its key `{"databaseName":"shop"}`:
 *
 *     {"source":{…},"ts_ms":…,"databaseName":"shop","schemaName":null,"ddl":"…","tableChanges":[
 *       {"type":"CREATE"|"ALTER"|"DROP","id":"\"shop\".\"orders\"","table":{"defaultCharsetName":…,"primaryKeyColumnNames":[…],"columns":[
 *         {"name":…,"jdbcType":…,"nativeType":null,"typeName":…,"typeExpression":…,"charsetName":…,"length":…,"scale":…,"position":…,
 *          "optional":…,"autoIncremented":…,"generated":…,"comment":null,"defaultValueExpression":…,"enumValues":…}],"comment":null}}]}
 *
 * Comments are null as long as `include.schema.comments` is false, its default. Debezium keeps the types as the statement spells them
 * (BOOL); the catalogue's spelling is written here.
 */
export const putSchemaChange = (
  out: OutputBuffer,
  source: SourceBlock,
  change: SchemaChange,
  origin: MysqlOrigin,
  nowMicros: number,
): void => {
  const table = change.after ?? change.before;
  const database = table?.database ?? '';
  out.append(Buffer.from('{'));
  // Debezium takes the time of a statement in milliseconds.
  const micros = Math.floor(origin.commitMicros / 1_000) * 1_000;
  source.write(out, origin, database, table?.name ?? null, 'false', micros);
  const rest = [
    `0,"thread":null,"query":null},"ts_ms":${Math.floor(nowMicros / 1_000)}`,
    `"databaseName":${text(database)},"schemaName":null,"ddl":${text(statementOf(change))}`,
    `"tableChanges":[${table === null ? '' : tableChange(change, table)}]}`,
  ];
  out.append(Buffer.from(rest.join(',')));
};

/** The record's key. */
export const schemaChangeKey = (database: string): Buffer => Buffer.from(`{"databaseName":${text(database)}}`);

const text = (value: string): string => jsonString(value).toString();

/** Debezium makes one statement for each table that a DROP TABLE names. */
const statementOf = ({ before, after, statement }: SchemaChange): string => {
  const drop = /^\s*drop\s+tables?\s+(if\s+exists\s)?/i.exec(statement);
  if (after !== null || before === null || drop === null) return statement;
  const quoted = [before.database, before.name].map((name) => `\`${name.replaceAll('`', '``')}\``).join('.');
  return `DROP TABLE ${drop[1] === undefined ? '' : 'IF EXISTS '}${quoted}`;
};

const tableChange = ({ before, after }: SchemaChange, table: Table): string => {
  const type = before === null ? 'CREATE' : after === null ? 'DROP' : 'ALTER';
  const id = text(`"${table.database}"."${table.name}"`);
  return `{"type":"${type}","id":${id},"table":${after === null ? 'null' : tableDefinition(after)}}`;
};

const tableDefinition = (table: Table): string => {
  const key = table.primaryKey.map((column) => text(table.columns[column]!.name));
  const charset = table.charset === null ? 'null' : text(table.charset);
  return `{"defaultCharsetName":${charset},"primaryKeyColumnNames":[${key}],"columns":[${table.columns.map(columnDefinition)}],"comment":null}`;
};

const columnDefinition = (column: Column, index: number): string => {
  const { type } = column;
  const typeName = text(typeNameOf(column));
  const charset = 'charset' in type && type.charset !== 'binary' ? text(type.charset) : 'null';
  const scale = type.kind === 'decimal' ? type.scale : null;
  // Debezium counts what the server fills in as generated.
  const generated = column.generated || column.autoIncrement;
  const expression = column.defaultExpression === null ? 'null' : text(column.defaultExpression);
  const members = 'values' in type ? `[${type.values.map((value) => text(`'${value}'`))}]` : 'null';
  return [
    `{"name":${text(column.name)},"jdbcType":${jdbcType(column)},"nativeType":null,"typeName":${typeName},"typeExpression":${typeName}`,
    `"charsetName":${charset},"length":${lengthOf(column)},"scale":${scale},"position":${index + 1},"optional":${column.nullable}`,
    `"autoIncremented":${column.autoIncrement},"generated":${generated},"comment":null,"defaultValueExpression":${expression},"enumValues":${members}}`,
  ].join(',');
};

/** `INT UNSIGNED` of `int(10) unsigned`. */
const typeNameOf = ({ declaration, type }: Column): string =>
  (declaration ?? type.kind)
    .replace(/\/\*.*?\*\//g, '')
    .replace(/\(.*\)/s, '')
    .trim()
    .toUpperCase();

/** What the declaration counts: characters, bytes, digits or fraction digits; null where nothing is said. */
const lengthOf = ({ declaration, type }: Column): number | null => {
  if (type.kind === 'decimal') return type.precision;
  if (type.kind === 'enum') return 1;
  // The longest a SET can get: all members, as single characters, with commas between them.
  if (type.kind === 'set') return Math.max(0, type.values.length * 2 - 1);
  const match = /\((\d+)/.exec(declaration ?? '');
  return match === null ? null : Number(match[1]);
};

/** java.sql.Types. */
const jdbcType = ({ type, declaration }: Column): number => {
  switch (type.kind) {
    case 'integer':
      return type.bits === 64 ? -5 : type.bits >= 24 ? 4 : 5;
    case 'text':
      return type.fixed ? 1 : 12;
    case 'binary':
      if (/^(tiny|medium|long)?blob/i.test(declaration ?? '')) return 2_004;
      return type.fixed ? -2 : -3;
    default:
      return jdbcTypes[type.kind];
  }
};

const jdbcTypes: Readonly<Record<Exclude<ColumnType['kind'], 'integer' | 'text' | 'binary'>, number>> = {
  decimal: 3,
  float: 6,
  double: 8,
  bit: -7,
  year: 4,
  date: 91,
  time: 92,
  datetime: 93,
  timestamp: 2_014,
  enum: 1,
  set: 1,
  json: 1_111,
  geometry: 1_111,
  vector: 1_111,
  uuid: 1_111,
  inet4: 1_111,
  inet6: 1_111,
};
