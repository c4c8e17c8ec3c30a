import { MysqlGtidSet } from '../../protocol/mysql/gtid/mysql-gtid-set.ts';
import type { ServerError, TextResult } from '../../protocol/mysql/server/answers.ts';
import type { RecordedLog } from './recorded-log.ts';
import type { Recording } from './recording.ts';

/** `ok`: the statement answers no rows. */
export type StatementAnswer = 'ok' | TextResult | ServerError;

/** Statements that differ only in blanks and a last semicolon have the same answer. */
export const normalStatement = (sql: string): string => sql.trim().replaceAll(/\s+/g, ' ').replace(/ ?;$/, '');

/**
 * Answers a statement as the recorded server did. What depends on the log (its files, what was executed and purged) and on the
 * statement's own arguments is computed; a statement nobody recorded is an error that names it.
 */
export const answerStatement = (sql: string, recording: Recording, log: RecordedLog): StatementAnswer => {
  const statement = normalStatement(sql);
  const recorded = recording.answers[statement];
  if (/^SHOW (?:BINARY|MASTER) LOGS$/i.test(statement)) return logFiles(log);
  if (/^SHOW (?:BINARY LOG|MASTER) STATUS$/i.test(statement))
    return recorded === undefined ? unknown(statement) : logStatus(log);
  if (recorded !== undefined)
    return /^SHOW .*VARIABLES/i.test(statement) && 'rows' in recorded ? withLiveSets(recorded, log) : recorded;
  if (/^(?:SET|USE|START TRANSACTION|BEGIN|COMMIT|ROLLBACK)\b/i.test(statement)) return 'ok';
  if (/^SELECT VERSION\(\)$/i.test(statement)) return { columns: ['VERSION()'], rows: [[recording.serverVersion]] };
  const sets = /^SELECT GTID_SUBTRACT\('([^']*)', ?'([^']*)'\)$/i.exec(statement);
  if (sets !== null) {
    const rest = MysqlGtidSet.parse(sets[1]!).subtract(MysqlGtidSet.parse(sets[2]!));
    return { columns: ['GTID_SUBTRACT'], rows: [[rest.toString()]] };
  }
  return unknown(statement);
};

const logFiles = (log: RecordedLog): TextResult => ({
  columns: ['Log_name', 'File_size', 'Encrypted'],
  rows: log.files.map(({ name, bytes }) => [name, String(bytes.length), 'No']),
});

const logStatus = (log: RecordedLog): TextResult => {
  const { name, bytes } = log.files.at(-1)!;
  return {
    columns: ['File', 'Position', 'Binlog_Do_DB', 'Binlog_Ignore_DB', 'Executed_Gtid_Set'],
    rows: [[name, String(bytes.length), '', '', log.executed.toString()]],
  };
};

const withLiveSets = (recorded: TextResult, log: RecordedLog): TextResult => {
  const live = new Map([
    ['gtid_executed', log.executed.toString()],
    ['gtid_purged', log.purged.toString()],
  ]);
  return { ...recorded, rows: recorded.rows.map(([name, value]) => [name!, live.get(name ?? '') ?? value!]) };
};

const unknown = (statement: string): ServerError => ({
  code: 1105,
  state: 'HY000',
  message: `the replay server has no recorded answer to: ${statement}`,
});
