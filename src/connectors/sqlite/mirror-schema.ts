import type { DatabaseSync } from 'node:sqlite';
import type { SchemaChange } from '../../core/change.ts';
import type { Log } from '../../core/log.ts';
import { type Column, qualifiedName, type Table } from '../../core/table.ts';
import { addedColumnDefault } from './added-column-default.ts';
import { Catalog, type CatalogEntry } from './catalog.ts';
import { storageOf } from './column-storage.ts';
import { type Conversion, conversionOf } from './convert-value.ts';
import { lookupExpression } from './mirror-table.ts';
import { quoteName } from './quote-name.ts';
import { endSweep, isSweeping, watchForSweep } from './snapshot-sweep.ts';

/** What two definitions alone do not tell. */
interface Circumstances {
  readonly renamedColumns: ReadonlyMap<string, string>;
  /** Times that lose digits are rounded; else cut off. */
  readonly rounds: boolean;
}

const asMysql: Circumstances = { renamedColumns: new Map(), rounds: true };

/**
 * Keeps the mirrors' definitions in step with the source's. Everything here runs inside the transaction that moves the position,
 * and following a change that is followed already does nothing.
 */
export class MirrorSchema {
  readonly #db: DatabaseSync;
  readonly #catalog: Catalog;
  readonly #log: Log;
  /** Grows with every change of a definition: statements prepared before it may be wrong. */
  version = 0;

  constructor(db: DatabaseSync, log: Log) {
    this.#db = db;
    this.#catalog = new Catalog(db);
    this.#log = log;
  }

  /**
   * The mirror of a table, made or brought to this definition first when it stores something else. Definitions that only know
   * more or less about the same columns (a snapshot's and the log's) share the mirror as it is.
   */
  mirrorOf(table: Table): CatalogEntry {
    const entry = this.#catalog.find(table);
    if (entry === null) return this.#create(table);
    if (entry.table.id === table.id || isEmpty(planOf(entry.table, table, asMysql))) return entry;
    return this.#alter(entry, table, asMysql);
  }

  follow({ before, after, renamedColumns = asMysql.renamedColumns, origin }: SchemaChange): void {
    const held = before && this.#catalog.find(before);
    if (after === null) {
      if (held) this.#drop(held);
      return;
    }
    const renamed = before !== null && qualifiedName(before) !== qualifiedName(after);
    const there = renamed || before === null ? this.#catalog.find(after) : null;
    if (held === null) {
      // Without its old name a rename has been followed already; a table that was created anew starts empty.
      if (there !== null && before === null && there.table.id !== after.id) this.#drop(there);
      this.mirrorOf(after);
      return;
    }
    if (there !== null) this.#drop(there);
    this.#alter(held, after, { renamedColumns, rounds: origin.kind !== 'mysql' || origin.flavor === 'mysql' });
  }

  #create(table: Table): CatalogEntry {
    this.version += 1;
    const mirror = this.#catalog.freeName(table);
    this.#db.exec(createTable(mirror, table));
    const entry = this.#catalog.add(table, mirror);
    this.#createIndexes(entry);
    return entry;
  }

  #drop(entry: CatalogEntry): void {
    this.version += 1;
    endSweep(this.#db, entry, { discard: true });
    this.#db.exec(`DROP TABLE ${quoteName(entry.mirror)}`);
    this.#catalog.remove(entry.id);
  }

  #alter(entry: CatalogEntry, after: Table, circumstances: Circumstances): CatalogEntry {
    this.version += 1;
    const plan = planOf(entry.table, after, circumstances);
    const moved = qualifiedName(entry.table) !== qualifiedName(after);
    const mirror = moved ? this.#catalog.freeName(after) : entry.mirror;
    if (plan.uncertain.length > 0) {
      this.#log.warn('values that the server converted are not in the log; take a new snapshot of the table', {
        table: qualifiedName(after),
        columns: plan.uncertain.join(', '),
      });
    }
    const result = this.#catalog.replace(entry.id, after, mirror);
    if (plan.rebuild) this.#rebuild(entry, result, plan);
    else this.#alterInPlace(entry, result, plan);
    return result;
  }

  #alterInPlace(entry: CatalogEntry, result: CatalogEntry, plan: Plan): void {
    const reindex = indexesOf(entry).join() !== indexesOf(result).join();
    if (reindex) this.#dropIndexes(entry);
    if (entry.mirror !== result.mirror) {
      this.#db.exec(`ALTER TABLE ${quoteName(entry.mirror)} RENAME TO ${quoteName(result.mirror)}`);
    }
    const alter = (action: string): void => this.#db.exec(`ALTER TABLE ${quoteName(result.mirror)} ${action}`);
    for (const name of plan.dropped) alter(`DROP COLUMN ${quoteName(name)}`);
    // By way of names that nothing else has: columns may swap theirs.
    for (const [i, [from]] of plan.renamed.entries())
      alter(`RENAME COLUMN ${quoteName(from)} TO "millrace_rename_${i}"`);
    for (const [i, [, to]] of plan.renamed.entries()) alter(`RENAME COLUMN "millrace_rename_${i}" TO ${quoteName(to)}`);
    for (const column of plan.added) {
      const { literal } = addedColumnDefault(column);
      alter(`ADD COLUMN ${quoteName(column.name)} ${storageOf(column.type)} DEFAULT ${literal}`);
    }
    if (reindex) this.#createIndexes(result);
  }

  /** For what SQLite cannot alter: another primary key, or values of another type. */
  #rebuild(entry: CatalogEntry, result: CatalogEntry, plan: Plan): void {
    const sweeping = isSweeping(this.#db, entry);
    if (sweeping && plan.rekeyed) {
      endSweep(this.#db, entry, { discard: true });
      this.#log.warn('rows that vanished stay, since the key changed during the snapshot; take a new one', {
        table: qualifiedName(result.table),
      });
    }
    const temporary = `millrace_rebuild_${entry.id}`;
    const values = result.table.columns.map((column, i) => {
      const source = plan.sources[i]!;
      if (source === null) return addedColumnDefault(column).literal;
      const conversion = plan.conversions[i] ?? null;
      if (conversion === null) return quoteName(source.name);
      const name = `millrace_convert_${i}`;
      this.#db.function(name, { deterministic: true, useBigIntArguments: true }, conversion.apply);
      return `${name}(${quoteName(source.name)})`;
    });
    this.#db.exec(createTable(temporary, result.table));
    this.#db.exec(
      `INSERT OR REPLACE INTO ${quoteName(temporary)} SELECT ${values.join(', ')} FROM ${quoteName(entry.mirror)};
       DROP TABLE ${quoteName(entry.mirror)};
       ALTER TABLE ${quoteName(temporary)} RENAME TO ${quoteName(result.mirror)}`,
    );
    this.#createIndexes(result);
    if (sweeping && !plan.rekeyed) watchForSweep(this.#db, result);
  }

  #createIndexes(entry: CatalogEntry): void {
    for (const [i, columns] of indexesOf(entry).entries()) {
      this.#db.exec(`CREATE INDEX "millrace_index_${entry.id}_${i}" ON ${quoteName(entry.mirror)} (${columns})`);
    }
  }

  #dropIndexes(entry: CatalogEntry): void {
    for (const i of indexesOf(entry).keys()) this.#db.exec(`DROP INDEX "millrace_index_${entry.id}_${i}"`);
  }
}

const createTable = (mirror: string, { columns, primaryKey }: Table): string => {
  const only = primaryKey.length === 1 ? columns[primaryKey[0]!]! : null;
  // One integer key is SQLite's own row number; other keys are what the rows are stored by.
  const isRowNumber = only !== null && storageOf(only.type) === 'INTEGER';
  const lines = columns.map(
    (column) =>
      `${quoteName(column.name)} ${storageOf(column.type)}${isRowNumber && column === only ? ' PRIMARY KEY' : ''}`,
  );
  const keyed = primaryKey.length > 0 && !isRowNumber;
  if (keyed) lines.push(`PRIMARY KEY (${primaryKey.map((column) => quoteName(columns[column]!.name)).join(', ')})`);
  return `CREATE TABLE ${quoteName(mirror)} (${lines.join(', ')}) STRICT${keyed ? ', WITHOUT ROWID' : ''}`;
};

/**
 * What is indexed beside the primary key. The source's unique keys become plain indexes: the source has checked them already, and
 * here a row may come before the one that makes room for it.
 */
const indexesOf = ({ table }: CatalogEntry): string[] => {
  const indexes = table.uniqueKeys.map((key) => key.map((column) => quoteName(table.columns[column]!.name)).join(', '));
  return table.primaryKey.length > 0 ? indexes : [...indexes, lookupExpression(table)];
};

interface Plan {
  /** For each new column the old one whose values it keeps; null: there is none. */
  readonly sources: readonly (Column | null)[];
  /** For each new column what becomes of those values; null: they stay as they are. */
  readonly conversions: readonly (Conversion | null)[];
  readonly dropped: readonly string[];
  readonly renamed: readonly (readonly [from: string, to: string])[];
  readonly added: readonly Column[];
  /** The rows are named by other columns than before. */
  readonly rekeyed: boolean;
  readonly rebuild: boolean;
  /** Columns whose values the server changed in a way that the definitions do not tell. */
  readonly uncertain: readonly string[];
}

const planOf = (before: Table, after: Table, { renamedColumns, rounds }: Circumstances): Plan => {
  const newName = (column: Column): string => renamedColumns.get(column.name) ?? column.name;
  const sources = after.columns.map((column) => before.columns.find((old) => same(newName(old), column.name)) ?? null);
  const kept = new Set(sources);
  const pairs = after.columns.flatMap((column, i) => (sources[i] ? [[sources[i], column] as const] : []));
  const keyOf = (table: Table, name: (column: Column) => string): string =>
    JSON.stringify(table.primaryKey.map((column) => name(table.columns[column]!).toLowerCase()));
  const rekeyed = keyOf(before, newName) !== keyOf(after, (column) => column.name);
  const conversions = after.columns.map(({ type }, i) => {
    const source = sources[i] ?? null;
    return source === null ? null : conversionOf(source.type, type, rounds);
  });
  const added = after.columns.filter((_, i) => sources[i] === null);
  return {
    sources,
    conversions,
    dropped: before.columns.filter((column) => !kept.has(column)).map((column) => column.name),
    renamed: pairs.filter(([from, to]) => from.name !== to.name).map(([from, to]) => [from.name, to.name] as const),
    added,
    rekeyed,
    rebuild: rekeyed || conversions.some((conversion) => conversion !== null),
    uncertain: [
      ...after.columns.filter((_, i) => conversions[i]?.uncertain).map(({ name }) => name),
      ...added.filter((column) => !addedColumnDefault(column).known).map(({ name }) => name),
    ],
  };
};

const isEmpty = ({ dropped, renamed, added, rebuild }: Plan): boolean =>
  !rebuild && dropped.length + renamed.length + added.length === 0;

const same = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();
