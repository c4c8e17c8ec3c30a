import { readFile } from 'node:fs/promises';
import { fileReason } from '../../config/interpolate.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import type { CommandCall } from '../command.ts';
import { errorText } from '../error-text.ts';
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts';
import { refuseBehindEndless, SqlSession } from '../sql/sql-session.ts';
import { statementErrorText } from '../sql/statement-error.ts';
import { type StopSignals, stopSignals } from '../stop-signals.ts';

interface Script {
  readonly name: string;
  readonly text: string;
}

/** Runs the statements of a text one after another, or those that somebody types. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [text, file] = [call.text('execute'), call.text('file')];
  const isShell = text === null && file === null && process.stdin.isTTY && process.stdout.isTTY;
  if (!isShell && (text === null) === (file === null))
    throw wrong('it takes either --execute STATEMENTS or --file FILE; on a terminal, neither begins a shell');
  const init = call.text('init');
  const session = new SqlSession(call);
  const scripts: Script[] = [];
  if (init !== null) scripts.push(await readScript(init));
  if (!isShell) scripts.push(text === null ? await readScript(file!) : { name: '-e', text });
  {
    using signals = stopSignals(() => {
      if (session.writes) call.terminal.say('stopping: what was read is written; a second signal aborts');
    });
    for (const script of scripts) {
      const code = await runScript(call, session, script, signals);
      if (code !== exitCode.ok) return code;
    }
  }
  return isShell ? await openShell(call, session) : exitCode.ok;
};

const wrong = (reason: string): MillraceError =>
  new MillraceError('CLI_ARGUMENTS', { command: 'millrace sql', reason });

const readScript = async (file: string): Promise<Script> => {
  try {
    return { name: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    throw wrong(`cannot read ${file}: ${fileReason(error)}`);
  }
};

const runScript = async (
  call: CommandCall,
  session: SqlSession,
  script: Script,
  signals: StopSignals,
): Promise<ExitCode> => {
  const { terminal } = call;
  try {
    const settled = await session.settle(parseScript(script.text));
    refuseBehindEndless(settled);
    for (const each of settled) {
      const code = await session.run(each, { signals, screen: null });
      if (code !== exitCode.ok) return code;
    }
    return exitCode.ok;
  } catch (error) {
    const span = spanOfError(error);
    if (span === null || !isMillraceError(error) || call.format !== 'human') throw error;
    terminal.say(statementErrorText(error, span, script, terminal.paint));
    return exitCodeOf(error);
  }
};

/** Statements as they are typed; one that fails says so and leaves the shell as it was. */
const openShell = async (call: CommandCall, session: SqlSession): Promise<ExitCode> => {
  const [{ runShell }, { ShellHistory }, { shellRun }] = await Promise.all([
    import('../sql/shell.ts'),
    import('../sql/shell-history.ts'),
    import('../sql/shell-run.ts'),
  ]);
  const { terminal } = call;
  terminal.say('Statements end with ;  help; says more, exit; or Ctrl-D ends.');
  await runShell({
    input: process.stdin,
    output: process.stdout,
    history: new ShellHistory(call.env),
    ...(await shellRun(session, {
      screen: process.stdout,
      say: (line) => terminal.say(line),
      paint: terminal.paint,
      words: (error) => errorText(error, terminal.paint),
    })),
  });
  return exitCode.ok;
};
