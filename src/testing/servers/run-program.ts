import { spawn } from 'node:child_process';

/** A program and its leading arguments, as `spawn` takes them. */
export type Command = readonly [string, ...string[]];

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program to its end; `output` is the end of what it printed on both streams. Status null: a signal ended it, or it could not start. */
export const runProgram = async (
  command: Command,
  options: { readonly input?: string; readonly timeoutMs?: number; readonly cwd?: string } = {},
): Promise<Outcome> => {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });
  let output = '';
  const keep = (text: string): void => {
    output = (output + text).slice(-20_000);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  // A program may stop reading its input early; its status tells what that means.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: null, output: error.message }));
    child.on('close', (status) => resolve({ status, output }));
  });
};
