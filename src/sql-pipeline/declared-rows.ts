import { columnWriting } from '../operators/transform/column-values.ts';
import { sqlError } from '../sql/sql-error.ts';
import { shortText } from '../sql/types/sql-type.ts';
import type { QueryTable } from './query-tables.ts';

/** A declared table in MySQL's words, as readers of messages and lines take it. Throws SQL_TYPE_MISMATCH at a column that neither holds. */
export const declaredRows = ({ declared }: QueryTable, qualified: string): string => {
  const { stored, primaryKey } = declared!;
  const keys = primaryKey.map((place) => stored[place]!);
  const columns = stored.flatMap((column) => {
    const { name, type, metadata, span } = column;
    if (metadata !== null) return [];
    const writing = columnWriting(type);
    if (writing === null) {
      throw sqlError('SQL_TYPE_MISMATCH', span, {
        what: `the column ${name}`,
        found: shortText(type),
        expected: 'a type that messages hold',
      });
    }
    const isKeyText = keys.includes(column) && writing.declaration === 'longtext';
    return [`${quoted(name)} ${isKeyText ? 'varchar(255)' : writing.declaration}${type.nullable ? '' : ' NOT NULL'}`];
  });
  const key = keys.length === 0 ? [] : [`PRIMARY KEY (${keys.map(({ name }) => quoted(name)).join(', ')})`];
  return `CREATE TABLE ${qualified.split('.').map(quoted).join('.')} (${[...columns, ...key].join(', ')})`;
};

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
