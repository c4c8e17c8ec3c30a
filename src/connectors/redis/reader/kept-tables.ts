import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { TableSettings } from '../sink/table-settings.ts';
import { HashRows } from './hash-rows.ts';
import type { KeptOptions, KeptRows } from './kept-rows.ts';
import { MemberRows } from './member-rows.ts';
import { NestRows } from './nest-rows.ts';
import { OwnValues } from './own-values.ts';

/** How a table's rows are kept, by its settings. Throws VERIFY_NOTHING for what does not tell them. */
export const keptRows = (table: Table, settings: TableSettings, options: KeptOptions): KeptRows => {
  const { shape } = settings;
  switch (shape.kind) {
    case 'hash':
      return new HashRows(table, settings, options);
    case 'json':
    case 'redis-json':
    case 'string':
      return new OwnValues(table, settings, shape, options);
    case 'set':
    case 'sorted-set':
      return new MemberRows(table, settings, shape);
    case 'list':
    case 'nested':
      return new NestRows(table, settings, shape, options);
    case 'stream': {
      const reason = `${qualifiedName(table)} is a stream in Redis, which holds changes and not rows: how many entries it has says nothing of how many rows there are; leave it out with --table`;
      throw new MillraceError('VERIFY_NOTHING', { reason });
    }
  }
};

/** The indexes that are kept of a table, each as rows that say where a row is found. */
export const keptIndexes = (table: Table, settings: TableSettings): readonly KeptRows[] =>
  settings.indexes.map((keys) => {
    const name = keys.columns.map((column) => table.columns[column]!.name).join();
    return new MemberRows(table, settings, { kind: 'index', keys, name });
  });
