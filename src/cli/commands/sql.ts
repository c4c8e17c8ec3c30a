import { readFile } from 'node:fs/promises';
import { redactor } from '../../config/redact.ts';
import { readTables } from '../../connectors/mysql/read-tables.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { Delta } from '../../operators/incremental/delta.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { Query } from '../../sql/ast/query.ts';
import type { Statement } from '../../sql/ast/statement.ts';
import type { EvaluationContext } from '../../sql/evaluate/sql-value.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { bindQuery } from '../../sql/plan/bind-query.ts';
import { explainText } from '../../sql/plan/explain.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import type { CommandCall } from '../command.ts';
import { mysqlUrl } from '../connection-url.ts';
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts';
import { followQuery } from '../sql/follow-query.ts';
import { CurrentRows, RowText, rowChanges, shownResult } from '../sql/result-text.ts';
import { exactPattern, mentionedDatabases, sourceCatalog } from '../sql/source-catalog.ts';
import { SqlSession } from '../sql/sql-session.ts';
import { statementErrorText } from '../sql/statement-error.ts';
import { stderrLog } from '../stderr-log.ts';
import { stopSignals } from '../stop-signals.ts';

const COMMAND = 'sql';

/** Runs the statements of a text one after another; a SELECT that follows its tables runs until it is stopped. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const script = await readScript(call);
  try {
    const statements = parseScript(script.text);
    new SqlSession({ bounded: call.flag('bounded') }).checkAll(statements);
    return await runStatements(call, statements);
  } catch (error) {
    const span = spanOfError(error);
    if (span === null || !isMillraceError(error) || call.format !== 'human') throw error;
    terminal.say(statementErrorText(error, span, script, terminal.paint));
    return exitCodeOf(error);
  }
};

const wrong = (reason: string): MillraceError =>
  new MillraceError('CLI_ARGUMENTS', { command: `millrace ${COMMAND}`, reason });

const readScript = async (call: CommandCall): Promise<{ readonly name: string; readonly text: string }> => {
  const [text, file] = [call.text('execute'), call.text('file')];
  if ((text === null) === (file === null)) throw wrong('it takes either --execute STATEMENTS or --file FILE');
  if (text !== null) return { name: '-e', text };
  try {
    return { name: file!, text: await readFile(file!, 'utf8') };
  } catch (error) {
    throw wrong(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
};

const runStatements = async (call: CommandCall, statements: readonly Statement[]): Promise<ExitCode> => {
  const { terminal } = call;
  const url = call.text('source');
  const serverWith = (tables: string) => mysqlUrl(url!, { command: COMMAND, env: call.env, tables });
  const secrets = url === null ? [] : serverWith('\\.*.\\.*').secrets;
  const log = stderrLog(
    {
      format: 'pretty',
      level: 'warn',
      prefix: null,
      redact: redactor(secrets),
      now: () => new Date(),
      write: (line) => terminal.say(line),
    },
    terminal.paint,
  );
  const database = url === null ? null : decodeURIComponent(new URL(url).pathname.slice(1)) || null;
  const databases = mentionedDatabases(statements, database);
  if (url === null && databases.length > 0) throw wrong('it needs --source, the server whose tables are read');
  const tables =
    databases.length === 0 || url === null
      ? []
      : await readTables(
          serverWith(databases.map((name) => `${exactPattern(name)}.\\.*`).join(', ')).config,
          systemClock,
        );
  const catalog = sourceCatalog(tables, database);
  // Every query is settled before the first of them runs.
  const planned = new Map(
    statements.flatMap((statement) => {
      const query = queryOf(statement);
      return query === null ? [] : [[statement, bindQuery(query, catalog)] as const];
    }),
  );
  const session = new SqlSession({ bounded: call.flag('bounded') });
  for (const statement of statements) {
    session.take(statement);
    const plan = planned.get(statement);
    if (plan === undefined) continue;
    if (statement.kind === 'explain') {
      await terminal.print(
        call.format === 'human' ? `${explainText(plan)}\n` : `${JSON.stringify({ plan: explainText(plan) })}\n`,
      );
      continue;
    }
    const code = await runSelect(call, plan, {
      session,
      log,
      tables: new Map(tables.map((table) => [qualifiedName(table), table])),
      server: (scanned) =>
        serverWith(scanned.map(({ database, name }) => `${exactPattern(database)}.${exactPattern(name)}`).join(', '))
          .config,
    });
    if (code !== exitCode.ok) return code;
  }
  return exitCode.ok;
};

const queryOf = (statement: Statement): Query | null => {
  if (statement.kind === 'explain') return queryOf(statement.statement);
  return statement.kind === 'select' ? statement.query : null;
};

interface Surroundings {
  readonly session: SqlSession;
  readonly log: Log;
  readonly tables: ReadonlyMap<string, Table>;
  readonly server: (tables: readonly Table[]) => ReturnType<typeof mysqlUrl>['config'];
}

const runSelect = async (
  call: CommandCall,
  plan: ReturnType<typeof bindQuery>,
  { session, log, tables, server }: Surroundings,
): Promise<ExitCode> => {
  const { terminal } = call;
  const { bounded, timeZone } = session;
  const asTable = call.format === 'human' && (call.text('mode') ?? (bounded ? 'table' : 'changelog')) === 'table';
  const shown = asTable || bounded ? shownResult(plan) : { plan, order: null, columns: plan.columns };
  const settings = { timeZone, random: Math.random };
  const context: EvaluationContext = { ...settings, now: systemClock.now };
  const text = new RowText(shown.columns, context);
  const rows = new CurrentRows(shown);
  const changesOf = rowChanges(shown.plan);
  const show = async (delta: Delta, first: boolean): Promise<void> => {
    if (asTable || bounded) rows.apply(delta);
    if (asTable) return await terminal.print(`${first ? '' : '\n'}${text.table(rows.list())}`);
    const changes = bounded ? rows.list().map((row) => ({ op: '+I', row }) as const) : changesOf(delta);
    let piece = '';
    for (const change of changes) {
      piece += call.format === 'jsonl' ? text.json(change) : text.change(change);
      if (piece.length < PIECE_CHARACTERS) continue;
      await terminal.print(piece);
      piece = '';
    }
    if (piece !== '') await terminal.print(piece);
  };
  using signals = stopSignals(() => {});
  const pipeline = `sql-${process.pid}`;
  let first = true;
  for await (const delta of followQuery({
    plan: shown.plan,
    tables,
    server,
    bounded,
    settings,
    context: { pipeline, log, clock: systemClock },
    signal: signals.stop,
  })) {
    if (first || delta.rows.length > 0) await show(delta, first);
    first = false;
  }
  // Half a result is no result: whoever reads it must not take it for one.
  return signals.abort.aborted || (bounded && first) ? exitCode.interrupted : exitCode.ok;
};

/** Output is handed on in pieces of this size: one by one, short lines would cost more than making them. */
const PIECE_CHARACTERS = 65_536;
