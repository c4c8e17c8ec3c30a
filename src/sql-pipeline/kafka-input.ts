import { kafkaSourceConfig } from '../connectors/kafka/source/config.ts';
import { kafkaSource } from '../connectors/kafka/source/connector.ts';
import { defineTable, type Table } from '../core/table.ts';
import { columnWriting } from '../operators/transform/column-values.ts';
import { sqlError } from '../sql/sql-error.ts';
import { shortText } from '../sql/types/sql-type.ts';
import type { TableSource } from './connected-table.ts';
import type { Input } from './input.ts';
import type { InputsOptions, Scan } from './open-inputs.ts';
import { ScannedTable } from './scanned-table.ts';
import { SourceInput } from './source-input.ts';

/** Reads a topic as the table that the declaration says its messages are of. */
export const openKafkaInput = async (
  { table, input }: Scan,
  { settings, table: name, appends }: Extract<TableSource, { kind: 'kafka' }>,
  { evaluation, context }: InputsOptions,
): Promise<Input> => {
  const expected = expectedTable(table, name);
  const config = kafkaSourceConfig.parse({ ...settings, table: name, schema: createTable(expected) });
  const scanned = new ScannedTable(expected, table.columns(expected, evaluation), input, appends);
  const source = await kafkaSource.openSource!(config, context);
  return new SourceInput({ source, tables: new Map([[name, [scanned]]]), snapshots: false });
};

const expectedTable = ({ declared }: Scan['table'], qualified: string): Table => {
  const { stored, primaryKey } = declared!;
  const columns = stored.filter(({ metadata }) => metadata === null);
  const key = primaryKey.map((place) => columns.indexOf(stored[place]!));
  const [database = '', name = ''] = qualified.split('.');
  return defineTable({
    database,
    name,
    columns: columns.map(({ name: column, type, span }, place) => {
      const writing = columnWriting(type);
      if (writing === null)
        throw sqlError('SQL_TYPE_MISMATCH', span, {
          what: `the column ${column}`,
          found: shortText(type),
          expected: 'a type that messages hold',
        });
      return {
        name: column,
        type: writing.type,
        nullable: type.nullable,
        declaration: key.includes(place) && writing.declaration === 'longtext' ? 'varchar(255)' : writing.declaration,
        defaultExpression: null,
        generated: false,
        invisible: false,
        autoIncrement: false,
        comment: null,
      };
    }),
    primaryKey: key,
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  });
};

/** The table in MySQL's words, as the source takes it. */
const createTable = ({ database, name, columns, primaryKey }: Table): string => {
  const quoted = (text: string): string => `\`${text.replaceAll('`', '``')}\``;
  const declared = columns.map(
    (column) => `${quoted(column.name)} ${column.declaration}${column.nullable ? '' : ' NOT NULL'}`,
  );
  if (primaryKey.length > 0)
    declared.push(`PRIMARY KEY (${primaryKey.map((place) => quoted(columns[place]!.name)).join(', ')})`);
  return `CREATE TABLE ${quoted(database)}.${quoted(name)} (${declared.join(', ')})`;
};
