import { readFileSync } from 'node:fs';

/** One process for all time: the system gives a pid to a new process once the old one is gone, so the start time tells them apart. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as Linux counts them; null where the system does not say. */
  readonly startTime: string | null;
}

/** The process that has this pid now; null: none. */
export const identify = (pid: number): ProcessIdentity | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may itself hold blanks and parentheses; state is the third.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : { pid, startTime: fields[19]! };
  } catch {
    return process.platform !== 'linux' && answers(pid) ? { pid, startTime: null } : null;
  }
};

/** Whether that very process still runs. */
export const isRunning = (identity: ProcessIdentity): boolean => {
  const now = identify(identity.pid);
  return now !== null && now.startTime === identity.startTime;
};

const answers = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
