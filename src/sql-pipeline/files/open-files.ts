import { CsvLines } from '../../connectors/file/lines/csv-lines.ts';
import type { FileReading } from '../../connectors/file/lines/file-reading.ts';
import { JsonLines } from '../../connectors/file/lines/json-lines.ts';
import type { RowsChange, TruncateChange } from '../../core/change.ts';
import { declaredTables } from '../../protocol/mysql/ddl/declared-tables.ts';
import type { TableSource } from '../connected-table.ts';
import { declaredRows } from '../declared-rows.ts';
import type { InputsOptions, Scan } from '../open-inputs.ts';
import { ownOrigin } from '../own-origin.ts';
import { ScannedTable } from '../scanned-table.ts';
import { csvRow } from './csv-columns.ts';
import { FilesInput } from './files-input.ts';

/** What the rows of files are called where a name is needed. */
const fileTable = 'files.rows';

/** Reads files as the table that the declaration says their lines are of. */
export const openFiles = (
  { name, table, input }: Scan,
  { settings }: Extract<TableSource, { kind: 'filesystem' }>,
  { evaluation, context }: InputsOptions,
): FilesInput => {
  const reading = settings as unknown as FileReading;
  if (reading.format === 'csv') {
    const columns = table.declared!.stored;
    const rowOf = csvRow(columns, evaluation);
    const take = (fields: readonly (string | null)[]): string | null => {
      const row = rowOf(fields);
      if (typeof row === 'string') return row;
      input.push(row, 1);
      return null;
    };
    const open = (path: string) => new CsvLines({ path, reading, width: columns.length, take });
    return new FilesInput({ path: reading.path, open, context });
  }
  const [lines] = declaredTables(declaredRows(table, fileTable), '');
  const appends = reading.format === 'json';
  const scanned = new ScannedTable(lines!, table.columns(lines!, evaluation), input, {
    name,
    appends,
    absentIsNull: appends,
  });
  const origin = () => ownOrigin(context.clock.now());
  const take = (change: RowsChange | TruncateChange): void => {
    if (change.kind === 'rows') scanned.rows(change);
    else scanned.truncate();
  };
  const open = (path: string) => new JsonLines({ path, reading, table: lines!, take, origin });
  return new FilesInput({ path: reading.path, open, context });
};
