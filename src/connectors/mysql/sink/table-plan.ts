import { Buffer } from 'node:buffer';
import { MillraceError } from '../../../core/errors.ts';
import { type ColumnType, qualifiedName, type Table } from '../../../core/table.ts';
import { isAtLeast, type ServerVersion } from '../../../protocol/mysql/server-version.ts';
import { quoteName } from '../statements.ts';
import { LiteralWriter } from './literal-writer.ts';
import { columnNamed, fullName, sameName, type TargetTable } from './target-catalogue.ts';

/** How one version of a source table is written to its target, with all statements' texts made once. */
export interface TablePlan {
  readonly table: Table;
  /** `database.table`, for messages. */
  readonly label: string;
  /** As an identifier. */
  readonly name: string;
  /** Columns that the target has and takes values for, by position in the source's table. */
  readonly wanted: readonly boolean[];
  /** Quoted names, by position in the source's table. */
  readonly columns: readonly string[];
  /** Target columns that must be set to themselves when an update leaves them out. */
  readonly selfUpdating: readonly string[];
  /** Positions of the key's columns; empty: rows have no names. */
  readonly key: readonly number[];
  /** The target has unique keys beside the primary key, so that rows stand in each other's way. */
  readonly unique: boolean;
  /**
   * Whether rows of different keys may be written side by side. Not where keys that differ in bytes may be equal to the server,
   * as texts are in most collations, and not where rows stand in each other's way.
   */
  spread: boolean;
  /**
   * Digits at the end of a key that do not choose its writer: neighbours go to one, so that writers do not split the same pages.
   */
  readonly neighbourDigits: number;
  readonly insert: Buffer;
  /** Behind the rows of an upsert. */
  readonly onDuplicate: Buffer;
  /** Before a list of keys, which a parenthesis ends. */
  readonly delete: Buffer;
  readonly keyTuple: string;
  readonly after: LiteralWriter;
  readonly before: LiteralWriter;
  /** Reads the key's columns alone. */
  readonly keyBefore: LiteralWriter;
}

export const planTable = (table: Table, target: TargetTable, server: ServerVersion): TablePlan => {
  const label = qualifiedName(table);
  const wanted = table.columns.map((column) => {
    const found = columnNamed(target, column.name);
    return found !== null && !found.generated;
  });
  const key = table.primaryKey;
  checkKey(table, target, wanted);
  const name = fullName(table);
  const columns = table.columns.map((column) => quoteName(column.name));
  const written = columns.filter((_, column) => wanted[column]);
  const keyNames = key.map((column) => columns[column]!);
  const set = columns.filter((_, column) => wanted[column] && !key.includes(column));
  // The alias came with MySQL 8.0.19, which calls VALUES() deprecated; MariaDB has VALUES() alone.
  const alias = server.flavor === 'mysql' && isAtLeast(server, 8, 0, 19);
  const assignments = (set.length > 0 ? set : keyNames).map((column) =>
    alias ? `${column} = millrace_new.${column}` : `${column} = VALUES(${column})`,
  );
  const keyTuple = keyNames.length === 1 ? keyNames[0]! : `(${keyNames.join(', ')})`;
  const unique = target.keys.some((each) => each.unique);
  const onlyKey = wanted.map((is, column) => is && key.includes(column));
  return {
    table,
    label,
    name,
    wanted,
    columns,
    selfUpdating: target.columns.filter(({ onUpdate }) => onUpdate).map((column) => quoteName(column.name)),
    key,
    unique,
    spread: !unique && key.length > 0 && key.every((column) => namesAreBytes(table.columns[column]!.type)),
    neighbourDigits: table.columns[key.at(-1) ?? -1]?.type.kind === 'integer' ? neighbourDigits : 0,
    insert: Buffer.from(`INSERT INTO ${name} (${written.join(', ')}) VALUES `),
    onDuplicate: Buffer.from(`${alias ? ' AS millrace_new' : ''} ON DUPLICATE KEY UPDATE ${assignments.join(', ')}`),
    delete: Buffer.from(
      `DELETE millrace_old FROM ${name} AS millrace_old FORCE INDEX (PRIMARY) WHERE ${keyTuple} IN (`,
    ),
    keyTuple,
    after: new LiteralWriter(table.columns, wanted),
    before: new LiteralWriter(table.columns, wanted),
    keyBefore: new LiteralWriter(table.columns, onlyKey),
  };
};

/** A hundred rows are about a page. */
const neighbourDigits = 2;

/** The target must name rows as the source does: a wider key would double rows, a narrower one would merge them. */
const checkKey = (table: Table, target: TargetTable, wanted: readonly boolean[]): void => {
  const key = table.primaryKey.map((column) => table.columns[column]!.name);
  if (key.length === 0) return;
  const held = target.primaryKey;
  const same = key.length === held.length && key.every((name) => held.some((other) => sameName(name, other)));
  if (same && table.primaryKey.every((column) => wanted[column])) return;
  throw new MillraceError('MYSQL_SINK_KEY', {
    table: qualifiedName(table),
    source: key.join(', '),
    target: held.length === 0 ? 'none' : held.join(', '),
  });
};

/** Whether values of the type are equal to the server exactly when their literals have the same bytes. */
const namesAreBytes = ({ kind }: ColumnType): boolean =>
  kind === 'integer' ||
  kind === 'bit' ||
  kind === 'year' ||
  kind === 'decimal' ||
  kind === 'date' ||
  kind === 'time' ||
  kind === 'datetime' ||
  kind === 'timestamp' ||
  kind === 'binary' ||
  kind === 'uuid';
