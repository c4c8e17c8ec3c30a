import { readFileSync } from 'node:fs';
import { fileReason } from '../config/interpolate.ts';
import { MillraceError } from '../core/errors.ts';
import type { CommandCall } from './command.ts';

/** The token that `--token-file` or the environment names; null: none. */
export const apiToken = (call: CommandCall): string | null => {
  const path = call.text('token-file') ?? call.env['MILLRACE_API_TOKEN_FILE'] ?? null;
  if (path === null) return call.env['MILLRACE_API_TOKEN'] || null;
  try {
    const token = readFileSync(path, 'utf8').trim();
    if (token !== '') return token;
  } catch (error) {
    throw new MillraceError('CONFIG_UNREADABLE', { file: path, reason: fileReason(error) });
  }
  throw new MillraceError('CLI_OPTION_VALUE', { option: '--token-file', reason: `${path} is empty` });
};
