import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Run } from './result.ts';

export interface Contender {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** For programs that do not report figures of their own: the rows they carry; time and CPU are the whole process's. */
  readonly rows?: number;
}

/** Runs a contender once, alone, and returns its figures; rejects with its stderr when it fails or outlives `timeoutMs`. */
export const runContender = async (contender: Contender, timeoutMs = 180_000): Promise<Run> => {
  const { promise, resolve, reject } = Promise.withResolvers<Run>();
  const started = performance.now();
  const child = spawn(contender.command, contender.args, {
    stdio: ['ignore', contender.rows === undefined ? 'pipe' : 'ignore', 'pipe'],
    ...(contender.cwd === undefined ? {} : { cwd: contender.cwd }),
  });
  let output = '';
  let complaint = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-4_000);
  });
  let usage = { cpuSeconds: 0, peakRssMiB: 0 };
  const watch = contender.rows === undefined ? null : setInterval(() => (usage = processUsage(child.pid) ?? usage), 5);
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  child.on('error', reject);
  child.on('close', (code) => {
    if (watch) clearInterval(watch);
    clearTimeout(deadline);
    const seconds = (performance.now() - started) / 1000;
    if (code !== 0) reject(new Error(`${contender.name} ended with ${code}: ${complaint.trim()}`));
    else if (contender.rows === undefined) resolve(JSON.parse(output.trim().split('\n').at(-1)!) as Run);
    else resolve({ rows: contender.rows, seconds, ...usage });
  });
  return promise;
};

/** CPU time and peak memory of a process that does not tell them itself, as /proc has them; null where there is none. */
export const processUsage = (pid: number | undefined): { cpuSeconds: number; peakRssMiB: number } | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    if (!peak) return null;
    const ticksPerSecond = 100;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      peakRssMiB: Number(peak[1]) / 1024,
    };
  } catch {
    return null;
  }
};
