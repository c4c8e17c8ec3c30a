import { createInterface } from 'node:readline/promises';
import { MillraceError } from '../core/errors.ts';
import type { CommandCall } from './command.ts';

/** Has the name typed before something that cannot be taken back. Throws CONFIRMATION_NEEDED: no, or nobody to ask. */
export const confirm = async (call: CommandCall, what: string, name: string): Promise<void> => {
  if (call.flag('yes')) return;
  if (process.stdin.isTTY && call.terminal.live) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      if ((await lines.question(`${what}.\nType the name ${name} to go on: `)).trim() === name) return;
    } finally {
      lines.close();
    }
  }
  throw new MillraceError('CONFIRMATION_NEEDED', { what });
};
