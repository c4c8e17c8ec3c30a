import { qualifiedName, type Table } from '../../core/table.ts';
import { columnReading } from '../../operators/transform/column-values.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import type { Catalog, CatalogTable, PlanColumn } from '../../sql/plan/plan.ts';
import { withNullable } from '../../sql/types/sql-type.ts';

/** A server's tables as queries see them: `database.table`, and those of `database` (null: there is none) by their names alone. */
export const sourceCatalog = (tables: readonly Table[], database: string | null): Catalog => {
  const byName = new Map<string, CatalogTable>();
  for (const table of tables) {
    const seen = catalogTable(table);
    byName.set(seen.name, seen);
    if (table.database === database) byName.set(table.name, seen);
  }
  return { table: (path) => byName.get(path.join('.')) ?? null, names: [...byName.keys()] };
};

const catalogTable = (table: Table): CatalogTable => ({
  name: qualifiedName(table),
  columns: table.columns.map(({ name, type: declared, nullable }): PlanColumn => {
    const { type } = columnReading(declared);
    // A zero date reads as NULL, so the column's own word does not hold.
    const isTime = type.kind === 'DATE' || type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ';
    return { name, type: withNullable(type, nullable || isTime) };
  }),
  primaryKey: table.primaryKey,
  appendOnly: false,
});

/** The databases that statements read from or ask about, so that no others are looked through. A name alone stands for `database`'s. */
export const mentionedDatabases = (statements: readonly Statement[], database: string | null): readonly string[] => {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { kind, path } = node as { readonly kind?: unknown; readonly path?: readonly { readonly name: string }[] };
    if (kind === 'show' && database !== null) found.add(database);
    if ((kind === 'table-name' || kind === 'explicit-table' || kind === 'describe' || kind === 'show') && path?.[0]) {
      const owner = path.length > 1 ? path[0]!.name : database;
      if (owner !== null) found.add(owner);
    }
    for (const part of Object.values(node)) visit(part);
  };
  visit(statements);
  return [...found];
};
