import type { CreateCatalog } from '../ast/statement.ts';
import type { DeclaredTable } from './declared-table.ts';
import type { TableBinding } from './table-binding.ts';

/** The databases of a system, whose tables need no declaration: what was looked up of them. */
export interface ExternalCatalog<Binding extends TableBinding = TableBinding> {
  readonly statement: CreateCatalog;
  /** As the options name it: `mysql`. */
  readonly type: string;
  /** In use after USE CATALOG; null: none is. */
  readonly defaultDatabase: string | null;
  readonly databases: readonly string[];
  tableNames(database: string): readonly string[];
  /** As somebody would have declared it; null: there is no such table. */
  table(database: string, name: string): DeclaredTable<Binding> | null;
}
