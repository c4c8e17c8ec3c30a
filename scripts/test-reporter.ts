import type { TestsStream } from 'node:test';
import { inspect, stripVTControlCharacters } from 'node:util';

/** What a run of test files came to. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Milliseconds each file took. */
  readonly elapsedMs: ReadonlyMap<string, number>;
}

/**
 * Counts a run's tests and prints each failure. A file counts by what it says of itself at its end: node:test calls a file
 * green that is empty or that exits in its middle, and here that is a failure; so is a failing `todo`.
 */
export const report = async (
  events: TestsStream,
  files: readonly string[],
  print: (text: string) => void,
): Promise<Tally> => {
  const tally = { passed: 0, failed: 0, skipped: 0, elapsedMs: new Map<string, number>() };
  const output = new Map<string, string>();
  /** The names of the tests around the one at hand, by file. */
  const names = new Map<string, string[]>();
  /** Files whose process has not ended well, with what is known about it. */
  const broken = new Map(
    files.map((file) => [file, 'it ended before its tests did: it is empty, or it exits by itself']),
  );

  for await (const { type, data } of events) {
    const file = data.file ?? '';
    if (type === 'test:start') {
      const path = (names.get(file) ?? []).slice(0, data.nesting);
      names.set(file, [...path, data.name]);
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      output.set(file, ((output.get(file) ?? '') + data.message).slice(-5_000));
    } else if (type === 'test:diagnostic') {
      if (file !== '') output.set(file, `${output.get(file) ?? ''}${data.message}\n`);
    } else if (type === 'test:complete' && data.name === file) {
      // node:test wraps each file in a test of the file's name.
      tally.elapsedMs.set(file, data.details.duration_ms);
    } else if (type === 'test:fail') {
      if (data.todo !== undefined) {
        tally.failed += 1;
        tally.skipped -= 1;
      }
      const { error } = data.details;
      const words = wording(error.cause ?? error);
      if (data.name === file) broken.set(file, words);
      // A test that failed because tests inside it did says nothing new.
      else if ((error as { failureType?: string }).failureType !== 'subtestsFailed') {
        print(failure(file, [...(names.get(file) ?? []).slice(0, data.nesting), data.name], words));
      }
    } else if (type === 'test:summary' && data.file !== undefined) {
      const { counts } = data;
      tally.passed += counts.passed;
      tally.failed += counts.failed + counts.cancelled;
      tally.skipped += counts.skipped + counts.todo;
      if (counts.tests > 0) broken.delete(file);
    }
  }

  for (const [file, words] of broken) {
    tally.failed += 1;
    print(failure(file, [], `${words}\n${output.get(file) ?? ''}`));
  }
  return tally;
};

const failure = (file: string, test: readonly string[], text: string): string =>
  `\nFAILED ${file}\n${[...test.map((name, i) => `${'  '.repeat(i)}${name}`), text.trimEnd()].join('\n').replaceAll(/^/gm, '       ')}\n`;

/** An error's own words and the places in our code, without those inside Node. */
const wording = (error: unknown): string => {
  const text =
    error instanceof Error ? (error.stack ?? error.message) : typeof error === 'string' ? error : inspect(error);
  const lines = stripVTControlCharacters(text).split('\n');
  return lines.filter((line) => !/^\s+at .*\(?node:(?:internal|async_hooks)/.test(line)).join('\n');
};
