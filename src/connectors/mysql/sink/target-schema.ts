import type { Origin, SchemaChange } from '../../../core/change.ts';
import type { Context } from '../../../core/connector.ts';
import { MillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { type Column, qualifiedName, type Table } from '../../../core/table.ts';
import type { Flavor } from '../../../protocol/mysql/flavor.ts';
import { quoteName } from '../statements.ts';
import { readTargetCollations, type TargetCollations } from './collation-mapping.ts';
import { declareColumn } from './column-declaration.ts';
import type { MysqlSinkConfig } from './config.ts';
import { SchemaRecords } from './schema-records.ts';
import { ServerError } from './server-error.ts';
import type { StatementSession } from './statement-session.ts';
import {
  columnNamed,
  fullName,
  readTargetTable,
  sameName,
  type TargetColumn,
  type TargetTable,
} from './target-catalogue.ts';

/**
 * Keeps the target's tables in step with the source's. Each step looks at what the target has now and does only what is
 * missing, because the server commits definitions by itself: after a crash the same step comes again.
 */
export class TargetSchema {
  readonly #session: StatementSession;
  readonly #config: MysqlSinkConfig;
  readonly #log: Log;
  readonly #collations: TargetCollations;
  readonly #records: SchemaRecords;

  private constructor(
    session: StatementSession,
    config: MysqlSinkConfig,
    log: Log,
    collations: TargetCollations,
    records: SchemaRecords,
  ) {
    this.#session = session;
    this.#config = config;
    this.#log = log;
    this.#collations = collations;
    this.#records = records;
  }

  /** `session` runs the definitions: lax, each statement committed by itself. */
  static async open(
    session: StatementSession,
    config: MysqlSinkConfig,
    pipeline: string,
    log: Log,
  ): Promise<TargetSchema> {
    const records = new SchemaRecords(session, config['position.database'], pipeline);
    await records.create();
    return new TargetSchema(session, config, log, await readTargetCollations(session), records);
  }

  /** One that only says what it would do: the server keeps no records of it. */
  static async toPlan(
    session: StatementSession,
    config: MysqlSinkConfig,
    { pipeline, log }: Context,
  ): Promise<TargetSchema> {
    const records = new SchemaRecords(session, config['position.database'], pipeline);
    return new TargetSchema(session, config, log, await readTargetCollations(session), records);
  }

  /** What `tableFor` would run before rows of `table` come. */
  async statementsFor(table: Table): Promise<readonly string[]> {
    const found = await readTargetTable(this.#session, table);
    if (found === null) return [makeDatabase(table), this.#createTable(table)];
    const missing = this.#missingColumns(table, found);
    return missing.length === 0 ? [] : [alterTable(table, missing)];
  }

  /** The target's table for rows of `table`, made or given its missing columns first. `allowed` is asked before anything changes. */
  async tableFor(table: Table, allowed: () => Promise<void>): Promise<TargetTable> {
    const found = await readTargetTable(this.#session, table);
    if (found === null) {
      await allowed();
      await this.#create(table);
    } else {
      const missing = this.#missingColumns(table, found);
      if (missing.length === 0) return found;
      await allowed();
      await this.#alter(table, missing);
    }
    const made = await readTargetTable(this.#session, table);
    if (made === null) throw this.#refused(table, 'CREATE TABLE', 'the table is not there afterwards');
    return made;
  }

  /** Follows one change of a definition. A change that has been followed does nothing when it comes again. */
  async follow(change: SchemaChange): Promise<void> {
    const state = await this.#records.intend(change);
    if (state === 'done') return;
    const { before, after } = change;
    await this.#session.run(conversionMode(this.#session.server.flavor, change.origin));
    if (after === null) {
      if (before !== null) await this.#run(before, `DROP TABLE IF EXISTS ${fullName(before)}`);
    } else if (before === null) {
      if ((await readTargetTable(this.#session, after)) === null) await this.#create(after);
    } else await this.#change(change, before, after, state === 'begun');
    await this.#records.done(change);
  }

  async #change(change: SchemaChange, before: Table, after: Table, begun: boolean): Promise<void> {
    if (qualifiedName(before) !== qualifiedName(after)) {
      const held = await readTargetTable(this.#session, before);
      const there = await readTargetTable(this.#session, after);
      // It was renamed before the crash: only this step frees the one name and takes the other.
      const renamed = begun && held === null && there !== null;
      if (held === null && there === null) {
        await this.#create(after);
        return;
      }
      if (held !== null && there !== null)
        throw new MillraceError('MYSQL_SINK_TABLE_EXISTS', {
          table: qualifiedName(before),
          target: qualifiedName(after),
        });
      if (!renamed && held !== null) {
        await this.#makeDatabase(after);
        await this.#run(after, `RENAME TABLE ${fullName(before)} TO ${fullName(after)}`);
      }
    }
    const target = await readTargetTable(this.#session, after);
    if (target === null) {
      await this.#create(after);
      return;
    }
    await this.#alter(after, this.#steps(before, after, target, change.renamedColumns ?? new Map()));
  }

  /** The clauses of ALTER TABLE that lead from what the target has to what the source has. */
  #steps(before: Table, after: Table, target: TargetTable, renamed: ReadonlyMap<string, string>): readonly string[] {
    const newName = (column: Column): string => renamed.get(column.name) ?? column.name;
    const steps: string[] = [];
    const kept = new Set<TargetColumn>();
    const added: Column[] = [];
    for (const column of after.columns) {
      const old = before.columns.find((each) => sameName(newName(each), column.name)) ?? null;
      const isRenamed = old !== null && old.name !== column.name;
      const underOldName = isRenamed ? columnNamed(target, old.name) : null;
      const there = columnNamed(target, column.name);
      // A name that another column gives away in this very change is not this column's yet.
      const givenAway = there !== null && isRenamed && underOldName !== null && renamed.has(there.name);
      if (isRenamed && underOldName !== null && (there === null || givenAway || there === underOldName)) {
        kept.add(underOldName);
        steps.push(`CHANGE COLUMN ${quoteName(underOldName.name)} ${this.#declared(column)}`);
      } else if (there === null) {
        steps.push(this.#addition(after, target, column));
        added.push(column);
      } else {
        kept.add(there);
        if (old !== null && isRedeclared(old, column)) steps.push(`MODIFY COLUMN ${this.#declared(column)}`);
      }
    }
    for (const old of before.columns) {
      if (after.columns.some((column) => sameName(column.name, newName(old)))) continue;
      const there = columnNamed(target, old.name);
      if (there !== null && !kept.has(there)) steps.push(`DROP COLUMN ${quoteName(there.name)}`);
    }
    const computed = added.filter(isComputed).map(({ name }) => name);
    if (computed.length > 0) {
      this.#log.warn(
        'values that the source computed for rows that were there are not in the log; take a new snapshot of the table',
        {
          table: qualifiedName(after),
          columns: computed.join(', '),
        },
      );
    }
    return [...steps, ...this.#keySteps(after, target), ...this.#indexSteps(before, after, target)];
  }

  #keySteps(after: Table, target: TargetTable): string[] {
    const wanted = after.primaryKey.map((column) => after.columns[column]!.name);
    const same =
      wanted.length === target.primaryKey.length && wanted.every((name, i) => sameName(name, target.primaryKey[i]!));
    if (same) return [];
    const steps = target.primaryKey.length > 0 ? ['DROP PRIMARY KEY'] : [];
    if (wanted.length > 0) steps.push(`ADD PRIMARY KEY (${wanted.map(quoteName).join(', ')})`);
    return steps;
  }

  /** Unique keys that came and went, as the setting makes them here. */
  #indexSteps(before: Table, after: Table, target: TargetTable): string[] {
    const namesOf = (table: Table): string[][] =>
      table.uniqueKeys.map((key) => key.map((column) => table.columns[column]!.name.toLowerCase()));
    const same = (left: readonly (string | null)[], right: readonly string[]): boolean =>
      left.length === right.length && left.every((name, i) => name?.toLowerCase() === right[i]);
    const [old, now] = [namesOf(before), namesOf(after)];
    const steps: string[] = [];
    for (const key of now) {
      if (old.some((each) => same(each, key)) || target.keys.some(({ columns }) => same(columns, key))) continue;
      steps.push(`ADD ${this.#indexKind} (${key.map(quoteName).join(', ')})`);
    }
    for (const key of old) {
      if (now.some((each) => same(each, key))) continue;
      // The server takes a dropped column out of its keys by itself.
      if (!key.every((name) => after.columns.some((column) => sameName(column.name, name)))) continue;
      const there = target.keys.find(({ columns }) => same(columns, key));
      if (there !== undefined) steps.push(`DROP INDEX ${quoteName(there.name)}`);
    }
    return steps;
  }

  get #indexKind(): string {
    return this.#config['table.create.unique-keys'] === 'unique' ? 'UNIQUE KEY' : 'KEY';
  }

  #missingColumns(table: Table, target: TargetTable): readonly string[] {
    return table.columns
      .filter((column) => columnNamed(target, column.name) === null)
      .map((column) => this.#addition(table, target, column));
  }

  #addition(table: Table, target: TargetTable, column: Column): string {
    const at = table.columns.indexOf(column);
    const previous = table.columns.slice(0, at).findLast((each) => columnNamed(target, each.name) !== null);
    const place = at === 0 ? ' FIRST' : previous === undefined ? '' : ` AFTER ${quoteName(previous.name)}`;
    return `ADD COLUMN ${this.#declared(column)}${place}`;
  }

  #declared(column: Column): string {
    return `${quoteName(column.name)} ${declareColumn(column, this.#session.server, this.#collations)}`;
  }

  async #create(table: Table): Promise<void> {
    await this.#makeDatabase(table);
    await this.#run(table, this.#createTable(table));
  }

  #createTable(table: Table): string {
    const first = table.primaryKey[0];
    const lines = table.columns.map((column, at) => {
      // The server wants a counter at the head of a key.
      const plain = column.autoIncrement && at !== first ? { ...column, autoIncrement: false } : column;
      return this.#declared(plain);
    });
    const names = (key: readonly number[]): string =>
      key.map((column) => quoteName(table.columns[column]!.name)).join(', ');
    if (table.primaryKey.length > 0) lines.push(`PRIMARY KEY (${names(table.primaryKey)})`);
    for (const key of table.uniqueKeys) lines.push(`${this.#indexKind} (${names(key)})`);
    const charset = table.charset === null ? '' : ` DEFAULT CHARACTER SET ${table.charset}`;
    return `CREATE TABLE IF NOT EXISTS ${fullName(table)} (${lines.join(', ')}) ENGINE = InnoDB${charset}`;
  }

  async #makeDatabase(table: Table): Promise<void> {
    try {
      await this.#session.run(makeDatabase(table));
    } catch (error) {
      // Whoever may write the tables of a database that exists need not be allowed to make it.
      if (!(error instanceof ServerError && error.number === 1044)) throw error;
    }
  }

  async #alter(table: Table, steps: readonly string[]): Promise<void> {
    if (steps.length > 0) await this.#run(table, alterTable(table, steps));
  }

  async #run(table: Table, statement: string): Promise<void> {
    try {
      await this.#session.run(statement);
    } catch (error) {
      if (!(error instanceof ServerError) || error.passes) throw error;
      throw this.#refused(table, statement, error.isAboutRow ? error.reason : error.message);
    }
  }

  #refused(table: Table, statement: string, reason: string): MillraceError {
    return new MillraceError('SINK_SCHEMA_REFUSED', {
      sink: this.#session.address,
      table: qualifiedName(table),
      reason: `${reason}; the statement was ${statement.slice(0, 400)}`,
    });
  }
}

const makeDatabase = ({ database }: Table): string => `CREATE DATABASE IF NOT EXISTS ${quoteName(database)}`;

const alterTable = (table: Table, steps: readonly string[]): string =>
  `ALTER TABLE ${fullName(table)} ${steps.join(', ')}`;

/** A time that loses digits is rounded by MySQL and cut off by MariaDB: the target converts as the source did. */
const conversionMode = (target: Flavor, origin: Origin): string => {
  const source = origin.kind === 'mysql' ? origin.flavor : target;
  const mode = source === target ? '' : target === 'mysql' ? ',TIME_TRUNCATE_FRACTIONAL' : ',TIME_ROUND_FRACTIONAL';
  return `SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO${mode}'`;
};

/** Whether the server must declare the column anew. Defaults, comments and visibility count: later statements rely on them. */
const isRedeclared = (before: Column, after: Column): boolean =>
  JSON.stringify({ ...before, name: '' }) !== JSON.stringify({ ...after, name: '' });

/** The source filled the column in by itself when it was added, and logged no row. */
const isComputed = ({ defaultExpression, generated, autoIncrement }: Column): boolean =>
  generated ||
  autoIncrement ||
  (defaultExpression !== null && /\)\s*$|^(current_timestamp|now)\b/i.test(defaultExpression));
