import { isMillraceError } from '../../core/errors.ts';
import { functionNames } from '../../sql/functions/function-table.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { spanOfError } from '../../sql/sql-error.ts';
import type { Terminal } from '../terminal.ts';
import type { Screen } from './live-table.ts';
import type { ShellOptions } from './shell.ts';
import type { SqlSession } from './sql-session.ts';
import { statementErrorText } from './statement-error.ts';

interface Surroundings {
  readonly screen: Screen;
  readonly say: (line: string) => void;
  readonly paint: Terminal['paint'];
  /** How an error is told that is about no place of a statement. */
  readonly words: (error: unknown) => string;
}

/** What a shell does with statements, and what it completes: names of the session, as they are when they are asked for. */
export const shellRun = async (
  session: SqlSession,
  { screen, say, paint, words }: Surroundings,
): Promise<Pick<ShellOptions, 'run' | 'names'>> => {
  const functions = functionNames();
  // What is wrong with the server is said by the first statement that needs it.
  await session.server?.load([]).catch(() => {});
  return {
    names: () => ({ ...session.program.names, functions }),
    run: async (text, signals) => {
      try {
        session.server?.forget();
        await session.program.refresh();
        const statements = parseScript(text);
        // One after the other, so that what a statement declares is there for the next, and stays when that one fails.
        for (const statement of statements) {
          const [settled] = await session.settle([statement]);
          await session.run(settled!, { signals, screen });
          if (signals.stop.aborted) return say(paint('dim', '(stopped)'));
          if (settled!.outcome.kind === 'done') say(paint('dim', '(done)'));
        }
      } catch (error) {
        const span = spanOfError(error);
        if (span !== null && isMillraceError(error)) say(statementErrorText(error, span, { name: 'sql', text }, paint));
        else say(words(error));
      }
    },
  };
};
