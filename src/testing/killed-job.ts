import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('sql-job-process.ts', import.meta.url));

/** Steps of a commit group and of a checkpoint at which a process can end: first those that leave things apart from each other. */
export const faults = [
  'after the journal line',
  'after sqlite commits',
  'before the acknowledgement',
  'before the state commits',
  'after the state commits',
  'before the journal line',
  'before sqlite commits',
  'before file commits',
  'after file commits',
  'before changed keys are written',
  'after changed keys are written',
  'before old lines go',
  'after old lines go',
  'before the state settles',
  'after the state settles',
] as const;

export interface Run {
  /** What the job said about where it begins. */
  readonly said: string;
  /** It was killed, and has not come to the end of the history. */
  readonly killed: boolean;
}

/** Runs the job of sql-job-process.ts until it is through, or kills itself at the `times`-th coming to a step. Throws when it fails otherwise. */
export const runToFault = async (args: readonly string[], fault: string, times: number): Promise<Run> =>
  await ended(start([...args, fault, String(times)]));

/** Runs it until it is through, or it is killed once that many ticks have come, at whatever it does then. */
export const runAndKill = async (args: readonly string[], ticks: number): Promise<Run> => {
  const child = start(args);
  let lines = 0;
  child.stdout!.on('data', (chunk: Buffer) => {
    lines += chunk.length / 2;
    if (lines >= ticks) child.kill('SIGKILL');
  });
  return await ended(child);
};

const start = (args: readonly string[]): ChildProcess => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args]);
  child.stdout.on('data', () => {});
  return child;
};

const ended = async (child: ChildProcess): Promise<Run> => {
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.ok(code === 0 || signal === 'SIGKILL', said);
  return { said, killed: signal === 'SIGKILL' };
};
