import type { Column, ColumnType } from './table.ts';

/** A column that may be NULL, with nothing else that is special about it but what `more` says. */
export const plainColumn = (
  name: string,
  type: ColumnType,
  more: Partial<Omit<Column, 'name' | 'type'>> = {},
): Column => ({
  name,
  type,
  nullable: true,
  declaration: null,
  defaultExpression: null,
  generated: false,
  invisible: false,
  autoIncrement: false,
  comment: null,
  ...more,
});
