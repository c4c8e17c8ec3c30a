import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileReason, interpolateText } from '../../config/interpolate.ts';
import { redactor } from '../../config/redact.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError, sqlError } from '../../sql/sql-error.ts';
import type { Answer } from '../../sql/statement/answer.ts';
import { type Outcome, SqlProgram } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts';
import { runJob } from '../sql/run-job.ts';
import { runQuery } from '../sql/run-query.ts';
import { serverTables } from '../sql/server-tables.ts';
import { statementErrorText } from '../sql/statement-error.ts';
import { stderrLog } from '../stderr-log.ts';
import { textTable } from '../text-table.ts';

/** Runs the statements of a text one after another; what follows its tables runs until it is stopped. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const script = await readScript(call);
  try {
    return await runStatements(call, parseScript(script.text));
  } catch (error) {
    const span = spanOfError(error);
    if (span === null || !isMillraceError(error) || call.format !== 'human') throw error;
    terminal.say(statementErrorText(error, span, script, terminal.paint));
    return exitCodeOf(error);
  }
};

const wrong = (reason: string): MillraceError =>
  new MillraceError('CLI_ARGUMENTS', { command: 'millrace sql', reason });

const readScript = async (call: CommandCall): Promise<{ readonly name: string; readonly text: string }> => {
  const [text, file] = [call.text('execute'), call.text('file')];
  if ((text === null) === (file === null)) throw wrong('it takes either --execute STATEMENTS or --file FILE');
  if (text !== null) return { name: '-e', text };
  try {
    return { name: file!, text: await readFile(file!, 'utf8') };
  } catch (error) {
    throw wrong(`cannot read ${file}: ${fileReason(error)}`);
  }
};

/** Every statement is settled before the first of them runs. */
const runStatements = async (call: CommandCall, statements: readonly Statement[]): Promise<ExitCode> => {
  const secrets: string[] = [];
  const hide = (secret: string): void => void secrets.push(secret);
  const { env, terminal } = call;
  const program = new SqlProgram({
    bounded: call.flag('bounded'),
    server: await serverTables(call, statements, hide),
    expand: (text) => interpolateText(text, { env, readText: (path) => readFileSync(path, 'utf8') }),
    hide,
  });
  const outcomes = statements.map((statement) => ({ statement, outcome: program.take(statement) }));
  for (const [at, { statement, outcome }] of outcomes.entries()) {
    if (!isEndless(outcome) || at === outcomes.length - 1) continue;
    const next = outcomes.slice(at + 1).find((other) => other.outcome.kind !== 'done');
    if (next === undefined) continue;
    throw sqlError('SQL_INVALID', statement, {
      reason: `${outcome.kind === 'job' ? 'this job' : 'a query that follows its tables'} never ends, so nothing may stand behind it; use ${outcome.kind === 'job' ? 'EXECUTE STATEMENT SET BEGIN ... END for several INSERT INTO, ' : ''}--bounded or SET 'execution.runtime-mode' = 'batch'`,
    });
  }
  const log = stderrLog(
    {
      format: 'pretty',
      level: 'warn',
      prefix: null,
      redact: (text) => redactor(secrets)(text),
      now: () => new Date(),
      write: (line) => terminal.say(line),
    },
    terminal.paint,
  );
  for (const { outcome } of outcomes) {
    const code = await show(call, outcome, log);
    if (code !== exitCode.ok) return code;
  }
  return exitCode.ok;
};

/** Whether what it starts goes on until somebody ends it. */
const isEndless = (outcome: Outcome): boolean => {
  switch (outcome.kind) {
    case 'query':
      return !outcome.query.bounded && outcome.query.tables.values().some(({ bounded }) => !bounded);
    case 'job':
      return !outcome.job.bounded && outcome.job.tables.values().some(({ bounded }) => !bounded);
    default:
      return false;
  }
};

const show = async (call: CommandCall, outcome: Outcome, log: Log): Promise<ExitCode> => {
  const { terminal, format } = call;
  switch (outcome.kind) {
    case 'done':
      return exitCode.ok;
    case 'plan':
      await terminal.print(format === 'human' ? `${outcome.text}\n` : `${JSON.stringify({ plan: outcome.text })}\n`);
      return exitCode.ok;
    case 'answer':
      await terminal.print(format === 'human' ? answerText(outcome.answer) : answerLines(outcome.answer));
      return exitCode.ok;
    case 'query':
      return await runQuery(call, outcome.query, log);
    case 'job':
      return await runJob(call, outcome.job, log);
  }
};

/** One text alone is printed as it is, so that it can be used again. */
const answerText = ({ columns, rows }: Answer): string => {
  const [row] = rows;
  if (columns.length === 1 && columns[0] === 'result' && row !== undefined) return `${row[0]}\n`;
  const cells = rows.map((cells) => cells.map((cell) => cell ?? ''));
  return `${textTable(columns, cells)}\n(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n`;
};

const answerLines = ({ columns, rows }: Answer): string =>
  rows
    .map((row) => `${JSON.stringify(Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])))}\n`)
    .join('');
