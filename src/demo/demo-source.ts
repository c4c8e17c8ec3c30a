import type { ExpectedTable, RecordedChanges } from './recording.ts';

/** Where the demo's changes come from: a recording, or a live server. */
export interface DemoSource extends AsyncDisposable {
  /** What it is, in a few words for the first line. */
  readonly title: string;
  readonly kind: 'recording' | 'local server' | 'named server';
  readonly serverVersion: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly startupMode: 'initial' | 'earliest-offset';
  /** Makes changes until they are all made but the closing row. */
  play(signal: AbortSignal): Promise<void>;
  /** Writes the closing row (see `closingPage`). */
  close(): Promise<void>;
  /** Breaks the worker's connection in the middle of what it receives next. */
  cut(): void;
  /** What the server says of its tables after the last change. */
  tables(): Promise<readonly ExpectedTable[]>;
  /** What the server's own tool counts in its log; null where nobody counted. */
  readonly changes: RecordedChanges | null;
}

/** The row of `visits` that is written last: whoever got it by the log has everything before it. */
export const closingPage = '/closing-time';

export const closingStatement = `INSERT INTO visits VALUES ('${closingPage}', 0)`;
