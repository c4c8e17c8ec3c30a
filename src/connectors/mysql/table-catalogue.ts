import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Position } from '../../core/batch.ts';
import type { Origin, SchemaChange, TruncateChange } from '../../core/change.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { position } from '../../core/position.ts';
import { defineTable, qualifiedName, type Table } from '../../core/table.ts';
import { applyDdl } from '../../protocol/mysql/ddl/apply-ddl.ts';
import type { DdlEffect, TableName } from '../../protocol/mysql/ddl/effect.ts';
import { readDdl } from '../../protocol/mysql/ddl/read-ddl.ts';
import {
  type DatabaseSchema,
  type FollowedTable,
  findTable,
  type Schema,
  type ServerFacts as SchemaFacts,
  withTable,
} from '../../protocol/mysql/ddl/schema.ts';
import type { Query } from '../../protocol/mysql/events/query.ts';
import type { TableMap } from '../../protocol/mysql/events/table-map.ts';
import { type RowReader, rowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import type { Collations } from '../../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../protocol/mysql/values/table-definition.ts';
import type { StatementHead } from './statement-verb.ts';

/** A place in the log, for messages. */
export interface LogPlace {
  readonly file: string;
  readonly offset: number;
}

export interface TableCatalogueOptions {
  /** Whether the pipeline captures a table. */
  readonly captures: (database: string, table: string) => boolean;
  /** `database.table` of the table that snapshots write watermarks to; null: none. */
  readonly watermarkTable: string | null;
  readonly collations: Collations;
  /** Definitions as of the place where reading begins. */
  readonly schema: Schema;
  /**
   * Definitions of another time, for tables that `schema` lacks: the server's present ones, when reading begins in the past. They fill
   * in what table maps leave open, if they fit. null: none.
   */
  readonly assumed: Schema | null;
  /** The definitions as of the place where reading begins are lost: where the log names no columns, none may be assumed. `address`: the server's. */
  readonly lost?: { readonly address: string } | null;
  readonly log: Log;
}

/** What a table map means. */
export interface MappedDefinition {
  readonly reader: RowReader;
  /** The definition differs from the one followed so far, though no statement said so. */
  readonly change: { readonly before: Table | null; readonly after: Table } | null;
}

/**
 * The definitions of tables as of the place where the log is being read: first as the server's catalogue or the schema lane gave
 * them, then as DDL changes them, checked against every table map. Where the log names its columns (binlog_row_metadata=FULL)
 * and disagrees with what was followed, the log is right; where it names none, a disagreement stops the source.
 */
export class TableCatalogue {
  readonly #options: TableCatalogueOptions;
  #schema: Schema;
  /** Databases that hold, or held, a captured table. */
  readonly #databases = new Set<string>();
  /** The last definition of captured tables that DDL made unknown. */
  readonly #lost = new Map<string, Table>();
  readonly #replaced = new Set<string>();
  #changed = true;
  #given = false;
  #left = false;

  constructor(options: TableCatalogueOptions) {
    this.#options = options;
    this.#schema = options.schema;
    for (const table of this.captured().values()) this.#databases.add(table.database);
  }

  /** All definitions that are followed. */
  get schema(): Schema {
    return this.#schema;
  }

  /** Definitions of the captured tables, by `database.table`, assumed ones included. */
  captured(): ReadonlyMap<string, Table> {
    const tables = new Map<string, Table>();
    for (const schema of [this.#options.assumed, this.#schema]) {
      for (const { tables: followed } of schema?.databases.values() ?? []) {
        for (const { table } of followed.values()) {
          if (this.#captures(table.database, table.name)) tables.set(qualifiedName(table), table);
        }
      }
    }
    return tables;
  }

  /** Captured tables that took another's place under their name, with rows that were never captured. Empties the list. */
  takeReplaced(): readonly string[] {
    if (this.#replaced.size === 0) return [];
    const replaced = [...this.#replaced];
    this.#replaced.clear();
    return replaced;
  }

  /** Whether rows of this table are read at all. */
  reads(database: string, name: string): boolean {
    return this.#captures(database, name) || `${database}.${name}` === this.#options.watermarkTable;
  }

  /** A reader for rows of `map`. Throws MYSQL_SCHEMA_UNKNOWN when no definition fits, and what the table's types may throw. */
  reader(map: TableMap, at: LogPlace): MappedDefinition {
    const { collations } = this.#options;
    const name = { database: map.database, name: map.name };
    this.#databases.add(map.database);
    const { assumed } = this.#options;
    const followed = findTable(this.#schema, name);
    const fallback = followed ?? (assumed === null ? null : findTable(assumed, name));
    const known = fallback?.table ?? null;
    const { lost = null } = this.#options;
    if (lost !== null && map.names === null && followed === null) {
      // The present definition may fit and name the columns otherwise.
      throw new MillraceError('MYSQL_DEFINITIONS_LOST', {
        address: lost.address,
        at: `${at.file}:${at.offset} (${qualifiedName(name)})`,
      });
    }
    let table: Table;
    try {
      table = tableFromMap(map, collations, known);
    } catch (cause) {
      if (!(cause instanceof MillraceError) || !disagreements.has(cause.code)) throw cause;
      if (map.names === null || known === null) {
        throw new MillraceError(
          'MYSQL_SCHEMA_UNKNOWN',
          { table: qualifiedName(name), ...at, reason: cause.message },
          { cause },
        );
      }
      table = tableFromMap(map, collations, null);
      if (followed !== null)
        this.#options.log.warn('the log describes a table otherwise than the statements before it; the log is right', {
          table: qualifiedName(table),
          ...at,
          reason: cause.message,
        });
    }
    if (table !== followed?.table) {
      const { collation = '', uniqueKeyNames = [] } = fallback ?? {};
      this.#put({ table, collation, uniqueKeyNames });
    }
    const before = followed?.table ?? this.#lost.get(qualifiedName(table)) ?? null;
    this.#lost.delete(qualifiedName(table));
    const change = before !== null && !sameShape(before, table) ? { before, after: table } : null;
    return { reader: rowReader(table, map, collations), change };
  }

  /** Takes a table's definition from elsewhere: the server's catalogue, asked after the log did not tell. */
  define(followed: FollowedTable): void {
    this.#put(followed);
  }

  /** Carries the definitions over one statement; answers what sinks must know of it, in order. */
  apply(query: Query, origin: Origin): readonly (SchemaChange | TruncateChange)[] {
    const effects = readDdl(query.sql, {
      flavor: this.#schema.server.flavor,
      database: query.databaseIsDefault ? query.database : null,
      sqlMode: query.variables.sqlMode ?? 0,
    });
    const changes: TableChange[] = [];
    const truncated: TruncateChange[] = [];
    for (const effect of effects) {
      if (!this.#follows(effect)) continue;
      if (effect.kind === 'truncate-table') {
        const table = findTable(this.#schema, effect.table)?.table;
        if (table !== undefined && this.#captures(table.database, table.name)) {
          truncated.push({ kind: 'truncate', table, origin });
        }
        continue;
      }
      const before = this.#schema;
      const outcome = applyDdl(before, effect);
      if (outcome.schema !== before) this.#changed = true;
      this.#schema = outcome.schema;
      // What the log creates was not there, though a definition from a later time may have been assumed for it.
      const creates = (effect.kind === 'create-table' || effect.kind === 'create-like') && !effect.replace;
      changes.push(...(creates ? outcome.changes.map(({ after }) => ({ before: null, after })) : outcome.changes));
      for (const { table, reason } of outcome.unresolved) this.#lose(before, table, reason);
    }
    const schemaChanges = this.#forSinks(changes).map(
      ({ before, after }): SchemaChange => ({ kind: 'schema', before, after, statement: query.sql, origin }),
    );
    return [...schemaChanges, ...truncated];
  }

  /** Whether a statement that changes rows may change rows of captured tables. */
  mayTouch(query: Query, head: StatementHead): boolean {
    const { databases } = query.variables;
    if (databases !== null && !databases.some((database) => this.#databases.has(database))) return false;
    if (head.target === null) return true;
    const database = head.target.database ?? query.database;
    return this.reads(database, head.target.name);
  }

  /** Whether the schema lane was given a position at all. */
  get given(): boolean {
    return this.#given;
  }

  /**
   * The definitions that reading began with, for what leaves at `at` before any batch of the log did: a place is never held without
   * its definitions. null: those have left.
   */
  begun(at: Position): Position | null {
    return this.#left ? null : encodeSchema(this.#options.schema, at);
  }

  /** The schema lane's first position has left. */
  left(): void {
    this.#left = true;
  }

  /** What the schema lane holds from `at` on; null: the same as before. */
  takeChanged(at: Position): Position | null {
    if (!this.#changed) return null;
    this.#changed = false;
    this.#given = true;
    return encodeSchema(this.#schema, at);
  }

  #captures(database: string, name: string): boolean {
    return this.#options.captures(database, name);
  }

  #put(followed: FollowedTable): void {
    this.#schema = withTable(this.#schema, followed);
    this.#changed = true;
  }

  /** Tables that are not captured are followed where they may become captured ones: copies of them, and their neighbours. */
  #follows(effect: DdlEffect): boolean {
    const near = ({ database, name }: TableName): boolean =>
      this.#databases.has(database) || this.#captures(database, name);
    switch (effect.kind) {
      case 'create-table':
      case 'alter-table':
      case 'truncate-table':
        return near(effect.table);
      case 'create-like':
        return near(effect.table) || near(effect.like);
      case 'rename-table':
        return near(effect.from) || near(effect.to);
      default:
        return true;
    }
  }

  /** A captured table's shape is not known any more: the next table map, or the server, must tell. */
  #lose(before: Schema, name: TableName, reason: string): void {
    if (!this.#captures(name.database, name.name)) return;
    const known = findTable(before, name)?.table;
    if (known !== undefined) this.#lost.set(qualifiedName(name), known);
    this.#options.log.warn('a statement changed a table in a way that could not be followed', {
      table: qualifiedName(name),
      reason,
    });
  }

  /** Leaves out what concerns no captured table, and makes one change of a swap (`RENAME a TO a_old, a_new TO a`). */
  #forSinks(changes: readonly TableChange[]): readonly TableChange[] {
    const captured = (table: Table | null): boolean => table !== null && this.#captures(table.database, table.name);
    const result: TableChange[] = [];
    for (const [index, { before, after }] of changes.entries()) {
      const later = changes.slice(index + 1);
      if (captured(before) && after !== null && !captured(after)) {
        const name = qualifiedName(before!);
        const successor = later.find((change) => change.after !== null && qualifiedName(change.after) === name);
        if (successor !== undefined && !captured(successor.before)) {
          result.push({ before, after: successor.after });
          if (!isOnlineSchemaChange(before!.name, successor.before?.name ?? '')) this.#replaced.add(name);
          continue;
        }
        // The name it got may lead back to a captured one (`a TO tmp, b TO a, tmp TO b`).
        const returns = later.some(
          (change) => change.before !== null && qualifiedName(change.before) === qualifiedName(after),
        );
        result.push({ before, after: returns ? after : null });
      } else if (captured(after) && !captured(before)) {
        const name = qualifiedName(after!);
        const taken = result.some((change) => change.after !== null && change.after === after);
        if (taken) continue;
        const renamed = before !== null && changes.slice(0, index).some((change) => change.after === before);
        if (before !== null && !renamed) this.#replaced.add(name);
        result.push({ before: renamed ? before : null, after });
      } else if (captured(before)) {
        result.push({ before, after });
      }
    }
    return result;
  }
}

interface TableChange {
  readonly before: Table | null;
  readonly after: Table | null;
}

/** gh-ost and pt-online-schema-change copy a table's rows to a ghost, so its rows after the swap are those it had before. */
const isOnlineSchemaChange = (name: string, ghost: string): boolean =>
  [`_${name}_gho`, `_${name}_new`, `__${name}_new`].includes(ghost.replace(/^_+(?=_)/, '_')) ||
  ghost === `_${name}_gho`;

/** Errors that say "these two cannot both be right" or "nobody told". */
const disagreements = new Set(['VALUES_TABLE_UNKNOWN', 'VALUES_TABLE_MISMATCH']);

/** Whether sinks see the same columns and key; finer points of types may have been filled in from the log. */
const sameShape = (a: Table, b: Table): boolean =>
  a.columns.length === b.columns.length &&
  a.columns.every((column, i) => column.name === b.columns[i]!.name && column.type.kind === b.columns[i]!.type.kind) &&
  a.primaryKey.join() === b.primaryKey.join();

/** The same databases without their tables. */
export const withoutTables = (schema: Schema): Schema => ({
  ...schema,
  databases: new Map([...schema.databases].map(([name, database]) => [name, { ...database, tables: new Map() }])),
});

/** The schema lane's position: the place it is valid from, and the definitions, deflated (they repeat themselves a lot). */
export const encodeSchema = (schema: Schema, at: Position): Position => {
  const plain = {
    server: { ...schema.server, defaultCollations: [...schema.server.defaultCollations] },
    databases: [...schema.databases].map(([name, { charset, collation, tables }]) => ({
      name,
      charset,
      collation,
      tables: [...tables],
    })),
  };
  const deflated = deflateRawSync(JSON.stringify(plain)).toString('base64');
  return position(JSON.stringify({ schema: deflated, at }));
};

/** The place from which a schema lane's position is valid, as the log's lane words it; null: no such position. */
export const schemaValidFrom = (text: Position): Position | null => {
  if (!text.startsWith('{"schema":')) return null;
  return (JSON.parse(text) as { readonly at: Position }).at;
};

/** Throws MYSQL_POSITION for anything that `encodeSchema` did not write. */
export const decodeSchema = (text: Position): Schema => {
  try {
    const { schema } = JSON.parse(text) as { readonly schema: string };
    const plain = JSON.parse(inflateRawSync(Buffer.from(schema, 'base64')).toString()) as PlainSchema;
    const databases = new Map<string, DatabaseSchema>();
    for (const { name, charset, collation, tables } of plain.databases) {
      const followed = tables.map(([key, { table, ...rest }]): [string, FollowedTable] => {
        const { id: _, ...definition } = table;
        return [key, { table: defineTable(definition), ...rest }];
      });
      databases.set(name, { charset, collation, tables: new Map(followed) });
    }
    return { server: { ...plain.server, defaultCollations: new Map(plain.server.defaultCollations) }, databases };
  } catch (cause) {
    throw new MillraceError(
      'MYSQL_POSITION',
      { position: 'the schema lane', reason: 'it holds no definitions' },
      { cause },
    );
  }
};

interface PlainSchema {
  readonly server: Omit<SchemaFacts, 'defaultCollations'> & { readonly defaultCollations: readonly [string, string][] };
  readonly databases: readonly {
    readonly name: string;
    readonly charset: string;
    readonly collation: string;
    readonly tables: readonly [string, FollowedTable][];
  }[];
}
