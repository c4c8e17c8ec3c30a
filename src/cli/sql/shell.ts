import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import type { StopSignals } from '../stop-signals.ts';
import { inputState } from './input-state.ts';
import { completions, type KnownNames } from './shell-completion.ts';
import { historyLength, type ShellHistory } from './shell-history.ts';

export interface ShellOptions {
  readonly input: Readable;
  readonly output: Writable & { readonly columns?: number };
  readonly history: Pick<ShellHistory, 'lines' | 'keep'>;
  /** What completion offers now. */
  readonly names: () => KnownNames;
  /** Runs statements that were typed, and says what is wrong with them: it never throws. */
  readonly run: (text: string, signals: StopSignals) => Promise<void>;
}

const prompt = 'sql> ';
const goesOn = '  -> ';

const shellHelp = `Statements end with ; and run at once:

  SHOW TABLES;  SHOW DATABASES;  DESCRIBE orders;  EXPLAIN SELECT ...;
  SELECT ...;                 the result, and each change of it, until Ctrl-C
  CREATE TABLE / VIEW / CATALOG / FUNCTION ...;  INSERT INTO ...;
  SET 'sql-client.execution.result-mode' = 'tableau';     lines of a table as rows come and go
  SET 'sql-client.execution.result-mode' = 'table';       the result as it stands, redrawn
  SET 'sql-client.execution.result-mode' = 'changelog';   a line for each change
  SET 'execution.runtime-mode' = 'batch';                 results that end

Tab completes, the arrow keys bring back what was typed, Ctrl-C ends a query or forgets the line,
exit; or Ctrl-D ends the shell.
`;

/**
 * Somebody at a keyboard, who types statements over as many lines as they take. Ctrl-C ends what runs, a second one at once; while nothing
 * runs it forgets what was typed. Resolves at `exit`, Ctrl-D, or the end of the input.
 */
export const runShell = async ({ input, output, history, names, run }: ShellOptions): Promise<void> => {
  let running: { readonly stop: AbortController; readonly abort: AbortController } | null = null;
  let typed = '';
  // What is typed while a statement runs would stand in its result.
  const screen = Object.assign(
    new Writable({
      write: (chunk, _encoding, done) => {
        if (running === null) output.write(chunk);
        done();
      },
    }),
    { columns: output.columns ?? 80 },
  );
  const lines = createInterface({
    input,
    output: screen,
    terminal: true,
    history: history.lines,
    historySize: historyLength,
    removeHistoryDuplicates: true,
    completer: (line: string) => completions(typed + line, names()),
  });
  const queue: string[] = [];
  let wake: (() => void) | null = null;
  let ended = false;
  const told = (): void => {
    wake?.();
    wake = null;
  };
  lines.on('line', (line) => {
    queue.push(line);
    told();
  });
  lines.on('history', (kept) => history.keep(kept));
  lines.on('close', () => {
    ended = true;
    running?.stop.abort();
    told();
  });
  lines.on('SIGINT', () => {
    if (running !== null) {
      if (running.stop.signal.aborted) running.abort.abort();
      running.stop.abort();
      return;
    }
    typed = '';
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    output.write('^C\n');
    ask();
  });
  const ask = (): void => {
    lines.setPrompt(typed === '' ? prompt : goesOn);
    lines.prompt();
  };
  /** Null: nobody types any more. */
  const nextLine = async (): Promise<string | null> => {
    if (!ended) ask();
    while (queue.length === 0 && !ended) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return queue.shift() ?? null;
  };

  try {
    for (;;) {
      const line = await nextLine();
      if (line === null) break;
      const command = typed === '' ? line.trim().replace(/\s*;$/, '').toLowerCase() : '';
      if (command === 'exit' || command === 'quit') break;
      if (command === 'help') output.write(shellHelp);
      else if (command === 'clear') output.write('\x1b[2J\x1b[H');
      else {
        typed += `${line}\n`;
        const state = inputState(typed);
        if (state === 'empty') typed = '';
        if (state !== 'whole') continue;
        const text = typed;
        typed = '';
        running = { stop: new AbortController(), abort: new AbortController() };
        await run(text, { stop: running.stop.signal, abort: running.abort.signal });
        running = null;
      }
    }
  } finally {
    lines.close();
  }
  if (typed !== '') output.write('\n');
};
