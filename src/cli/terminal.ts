import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Where a command writes: data to stdout, everything else to stderr. */
export interface Terminal {
  /** Data. Resolves when the reader wants more, so that a slow pipe slows the command down. */
  print(text: string): Promise<void>;
  /** Words for a person, a line each. */
  say(line: string): void;
  /** Colours for stdout and for stderr; both give the text back where colours are off. */
  readonly paintData: (style: Style, text: string) => string;
  readonly paint: (style: Style, text: string) => string;
  /** Whether stderr is a screen, where a line may be written over. */
  readonly live: boolean;
  readonly stderr: Writable & { readonly columns?: number };
}

export const openTerminal = (
  stdout: Writable,
  stderr: Writable & { readonly isTTY?: boolean },
  colors: { readonly off: boolean; readonly env: Readonly<Record<string, string | undefined>> },
): Terminal => {
  const wanted = !colors.off && !colors.env['NO_COLOR'] && colors.env['TERM'] !== 'dumb';
  const painter = (stream: Writable & { readonly isTTY?: boolean }) => (style: Style, text: string) =>
    wanted && stream.isTTY ? styleText(style, text, { validateStream: false }) : text;
  return {
    print: (text) =>
      stdout.write(text) ? Promise.resolve() : new Promise((resolve) => stdout.once('drain', () => resolve())),
    say: (line) => void stderr.write(`${line}\n`),
    paintData: painter(stdout),
    paint: painter(stderr),
    live: stderr.isTTY === true && colors.env['TERM'] !== 'dumb',
    stderr,
  };
};
