import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { columnJson, type JsonForms } from './column-json.ts';

/** A row as one flat JSON object, which loses nothing: DECIMAL is text, integers have all their digits, bytes are base64. */
export const rowJson = (table: Table, row: Row, columns: readonly number[]): string => {
  const fields: string[] = [];
  for (const i of columns) {
    const value = row[i];
    const column = table.columns[i]!;
    if (value !== undefined) fields.push(`${JSON.stringify(column.name)}:${columnJson(column, value, forms)}`);
  }
  return `{${fields.join(',')}}`;
};

const forms: JsonForms = { decimals: 'text', sets: 'text', documents: 'embedded' };
