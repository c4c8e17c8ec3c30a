import { MillraceError } from '../../core/errors.ts';
import type { Table } from '../../core/table.ts';
import { KeyTemplate } from './key-template.ts';

/**
 * The keys of an index: a set each, which holds the keys of the rows that have these values in the index's columns.
 *
 *     idx:DATABASE:TABLE:COLUMN,COLUMN:VALUE:VALUE       idx:shop:orders:customer_id,status:42:paid -> {shop:orders:7, …}
 *
 * Values are written as in the keys of rows, and so are the names, whose commas are written out too. A row that has NULL in one of
 * the columns is in no set, as `=` finds none. `columns` are positions in the table, in the index's order.
 */
export const indexTemplate = (table: Table, columns: readonly number[]): KeyTemplate => {
  const names = columns.map((column) => escaped(table.columns[column]!.name)).join(',');
  return KeyTemplate.listed(`idx:${escaped(table.database)}:${escaped(table.name)}:${names}:`, columns);
};

/** The columns of an index by their names, `customer_id,status`. Throws CONFIG_TEMPLATE. */
export const indexColumns = (text: string, table: Table): readonly number[] => {
  const refuse = (reason: string): never => {
    throw new MillraceError('CONFIG_TEMPLATE', { text, reason });
  };
  const columns = text.split(',').map((each) => {
    const name = each.trim();
    const column = table.columns.findIndex((other) => other.name === name);
    return column >= 0 ? column : refuse(`${table.name} has no column ${name}`);
  });
  if (new Set(columns).size < columns.length) refuse('a column stands in it twice');
  return columns;
};

const escaped = (name: string): string =>
  name.replaceAll(/[%:{},]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
