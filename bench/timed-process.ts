import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A whole process, from its start to its end, and the most memory it was seen with. Throws where it does not end with 0. */
export const timedProcess = async (
  command: readonly string[],
): Promise<{ readonly seconds: number; readonly peakRssMiB: number; readonly cpuSeconds: number }> => {
  const started = performance.now();
  const child = spawn(command[0]!, command.slice(1), { stdio: 'ignore' });
  let peakRssMiB = 0;
  let cpuSeconds = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
      // One that has just ended has no memory left to tell of.
      peakRssMiB = Math.max(peakRssMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      const [, user, system] = / (?:\S+ ){11}(\d+) (\d+)/.exec(
        readFileSync(`/proc/${child.pid}/stat`, 'latin1').replace(/^.*\)/, ''),
      )!;
      cpuSeconds = (Number(user) + Number(system)) / 100;
    } catch {
      // It has just ended.
    }
  }, 10);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  const seconds = (performance.now() - started) / 1000;
  clearInterval(look);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
  return { seconds, peakRssMiB, cpuSeconds };
};
