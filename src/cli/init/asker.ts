import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';

/** Somebody at a keyboard. */
export interface Asker extends Disposable {
  /** One line, without the blanks around it; `fallback` when it is empty. Throws the reason of `givenUp`. */
  ask(question: string, options?: { readonly fallback?: string; readonly hidden?: boolean }): Promise<string>;
  say(text: string): void;
  /** Aborts when whoever is asked ends it, by Ctrl-C or Ctrl-D. */
  readonly givenUp: AbortSignal;
}

/**
 * Asks on a terminal, which stays in raw mode from the first question to the last: what is typed is shown by this code alone, and
 * only while a question that is not `hidden` waits for it. A password that is pasted or typed ahead of its question is never seen.
 */
export const openAsker = (input: Readable, output: Writable & { readonly columns?: number }): Asker => {
  const stop = new AbortController();
  const early: string[] = [];
  let answered: ((line: string) => void) | null = null;
  let shown = false;
  const screen = Object.assign(
    new Writable({
      write: (chunk, _encoding, done) => {
        if (shown) output.write(chunk);
        done();
      },
    }),
    { columns: output.columns ?? 80 },
  );
  const lines = createInterface({ input, output: screen, terminal: true, historySize: 0 });
  lines.on('line', (line) => {
    shown = false;
    if (answered === null) early.push(line);
    else answered(line);
    answered = null;
  });
  lines.on('SIGINT', () => stop.abort());
  lines.on('close', () => stop.abort());

  const nextLine = (question: string, hidden: boolean): Promise<string> => {
    stop.signal.throwIfAborted();
    const line = early.shift();
    if (line !== undefined) {
      output.write(`${question}${hidden ? '' : line}\n`);
      return Promise.resolve(line);
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        output.write('\n');
        reject(stop.signal.reason);
      };
      stop.signal.addEventListener('abort', giveUp, { once: true });
      answered = (text) => {
        stop.signal.removeEventListener('abort', giveUp);
        if (hidden) output.write('\n');
        resolve(text);
      };
      shown = !hidden;
      // readline shows with its prompt what was typed before it.
      if (hidden) output.write(question);
      lines.setPrompt(hidden ? '' : question);
      lines.prompt();
    });
  };

  return {
    givenUp: stop.signal,
    say: (text) => void output.write(`${text}\n`),
    ask: async (question, { fallback = '', hidden = false } = {}) => {
      const offer = fallback === '' ? '' : ` [${fallback}]`;
      return (await nextLine(`${question}${offer}: `, hidden)).trim() || fallback;
    },
    [Symbol.dispose]: () => lines.close(),
  };
};
