import type { ChangeLogCount } from './change-log-count.ts';
import type { ExpectedTable, RecordedChanges } from './recording.ts';
import type { TableChecksum } from './table-checksum.ts';

/** One table on both sides. */
export interface TableVerdict {
  readonly table: string;
  readonly source: TableChecksum;
  /** Null: the mirror has no such table. */
  readonly mirror: TableChecksum | null;
  /** Rows that applying the change log leaves; null: they cannot be counted. */
  readonly changeLogRows: number | null;
  readonly equal: boolean;
}

export interface Verdict {
  readonly tables: readonly TableVerdict[];
  readonly changeLog: {
    readonly lines: number;
    readonly twice: number;
    /** Lines too few or too many for the server's log; null where nobody counted that. */
    readonly astray: number | null;
  };
  readonly equal: boolean;
}

export const judge = (
  expected: readonly ExpectedTable[],
  mirror: (table: ExpectedTable) => TableChecksum | null,
  log: ChangeLogCount,
  changes: RecordedChanges | null,
): Verdict => {
  const tables = expected.map((table): TableVerdict => {
    const held = mirror(table);
    const changeLogRows = log.rows.get(`${table.database}.${table.name}`) ?? null;
    const logged = changeLogRows === null ? table.key.length === 0 || table.rows === 0 : changeLogRows === table.rows;
    const equal = held?.rows === table.rows && held.checksum === table.checksum && logged;
    const { rows, checksum } = table;
    return { table: `${table.database}.${table.name}`, source: { rows, checksum }, mirror: held, changeLogRows, equal };
  });
  const astray = changes === null ? null : astrayLines(log, changes);
  const changeLog = { lines: log.lines, twice: log.twice, astray };
  const complete = log.twice === 0 && (astray ?? 0) === 0;
  return { tables, changeLog, equal: tables.length > 0 && tables.every(({ equal }) => equal) && complete };
};

/** An update that changes a key is two lines, a delete and a create. */
const astrayLines = ({ creates, updates, deletes }: ChangeLogCount, changes: RecordedChanges): number => {
  const keyUpdates = creates - changes.inserts;
  return Math.abs(changes.updates - keyUpdates - updates) + Math.abs(changes.deletes + keyUpdates - deletes);
};
