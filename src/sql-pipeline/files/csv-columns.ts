import { Buffer } from 'node:buffer';
import { isMillraceError } from '../../core/errors.ts';
import type { SqlRow } from '../../operators/incremental/delta.ts';
import { castTo } from '../../sql/bind/cast-to.ts';
import type { StoredColumn } from '../../sql/catalog/declared-table.ts';
import { compile } from '../../sql/evaluate/compile.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import { sqlError } from '../../sql/sql-error.ts';
import { isBinary, isText, type SqlType, shortText, string } from '../../sql/types/sql-type.ts';

/**
 * How the fields of a record become a row: as CAST makes values of texts, and bytes from base64. The function gives the row, or says why it
 * is none. Throws SQL_TYPE_MISMATCH at a column that no field can hold.
 */
export const csvRow = (
  columns: readonly StoredColumn[],
  context: EvaluationContext,
): ((fields: readonly (string | null)[]) => SqlRow | string) => {
  const reads = columns.map((column) => fieldReading(column, context));
  return (fields) => {
    const row: SqlValue[] = new Array(reads.length).fill(null);
    for (const [place, text] of fields.entries()) {
      if (text === null) continue;
      const { name, type } = columns[place]!;
      try {
        row[place] = reads[place]!(isText(type) ? text : text.trim());
      } catch (error) {
        if (!isMillraceError(error)) throw error;
        return `the field of ${name} is no ${shortText(type)}`;
      }
    }
    return row;
  };
};

const fieldReading = ({ name, type, span }: StoredColumn, context: EvaluationContext): ((text: string) => SqlValue) => {
  if (isBinary(type)) return (text) => Buffer.from(text, 'base64');
  const cast = nested.has(type.kind) ? null : castTo({ kind: 'column', index: 0, type: string(false) }, type);
  if (cast === null) {
    const expected = 'a type that a field of CSV holds';
    throw sqlError('SQL_TYPE_MISMATCH', span, { what: `the column ${name}`, found: shortText(type), expected });
  }
  if (cast.kind === 'column') return (text) => text;
  const convert = compile(cast);
  return (text) => convert([text], context);
};

const nested: ReadonlySet<SqlType['kind']> = new Set(['ARRAY', 'MULTISET', 'MAP', 'ROW']);
