import { readFileSync } from 'node:fs';
import { interpolateText } from '../../config/interpolate.ts';
import { redactor } from '../../config/redact.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import { sqlError } from '../../sql/sql-error.ts';
import type { Answer } from '../../sql/statement/answer.ts';
import { type Outcome, type ServerTables, SqlProgram } from '../../sql-pipeline/sql-program.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { stderrLog } from '../stderr-log.ts';
import type { StopSignals } from '../stop-signals.ts';
import { textTable } from '../text-table.ts';
import type { Screen } from './live-table.ts';
import { runJob } from './run-job.ts';
import { runQuery } from './run-query.ts';
import { serverTables } from './server-tables.ts';
import { mentionedDatabases } from './source-catalog.ts';

/** A statement, and what it comes to. */
export interface Settled {
  readonly statement: Statement;
  readonly outcome: Outcome;
}

/** The statements of one command or shell, each settled against what those before it declared. */
export class SqlSession {
  readonly program: SqlProgram;
  readonly server: ServerTables | null;
  readonly #call: CommandCall;
  readonly #log: Log;
  #writing = false;

  constructor(call: CommandCall) {
    const secrets: string[] = [];
    const hide = (secret: string): void => void secrets.push(secret);
    const { env, terminal } = call;
    this.#call = call;
    this.server = serverTables(call, hide);
    this.program = new SqlProgram({
      bounded: call.flag('bounded'),
      server: this.server,
      expand: (text) => interpolateText(text, { env, readText: (path) => readFileSync(path, 'utf8') }),
      hide,
    });
    this.#log = stderrLog(
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
  }

  /** INSERT INTO runs now. */
  get writes(): boolean {
    return this.#writing;
  }

  /** Every statement is settled before the first of them runs. Throws SQL_ errors with the place. */
  async settle(statements: readonly Statement[]): Promise<readonly Settled[]> {
    this.#needSource(statements);
    await this.server?.load(statements);
    const settled: Settled[] = [];
    for (const statement of statements) {
      await this.program.prepare(statement);
      settled.push({ statement, outcome: this.program.take(statement) });
    }
    return settled;
  }

  /** Runs what a statement came to. `screen`: somebody looks at it. */
  async run(
    { outcome }: Settled,
    { signals, screen }: { readonly signals: StopSignals; readonly screen: Screen | null },
  ): Promise<ExitCode> {
    const { terminal, format } = this.#call;
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
        return await runQuery(this.#call, outcome.query, { log: this.#log, signals, screen });
      case 'job':
        this.#writing = true;
        try {
          return await runJob(this.#call, outcome.job, { log: this.#log, signals });
        } finally {
          this.#writing = false;
        }
    }
  }

  /** A name that nothing declares can only be a table of a server. */
  #needSource(statements: readonly Statement[]): void {
    const declares = statements.some(({ kind }) => kind.startsWith('create-') || kind === 'use');
    if (this.server !== null || declares || !this.program.isEmpty || mentionedDatabases(statements, null).length === 0)
      return;
    throw new MillraceError('CLI_ARGUMENTS', {
      command: 'millrace sql',
      reason: 'it needs --source, the server whose tables are read',
    });
  }
}

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

/** Throws SQL_INVALID for what would never run, since something before it never ends. */
export const refuseBehindEndless = (settled: readonly Settled[]): void => {
  for (const [at, { statement, outcome }] of settled.entries()) {
    if (!isEndless(outcome) || at === settled.length - 1) continue;
    const next = settled.slice(at + 1).find((other) => other.outcome.kind !== 'done');
    if (next === undefined) continue;
    throw sqlError('SQL_INVALID', statement, {
      reason: `${outcome.kind === 'job' ? 'this job' : 'a query that follows its tables'} never ends, so nothing may stand behind it; use ${outcome.kind === 'job' ? 'EXECUTE STATEMENT SET BEGIN ... END for several INSERT INTO, ' : ''}--bounded or SET 'execution.runtime-mode' = 'batch'`,
    });
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
