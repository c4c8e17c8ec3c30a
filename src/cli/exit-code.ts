import { isMillraceError } from '../core/errors.ts';

/** What the process answers to the shell. Documented in docs/cli.md; scripts rely on these numbers. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  different: 3,
  checkFailed: 4,
  timedOut: 5,
  refused: 6,
  configInvalid: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'done; also after SIGINT or SIGTERM, once the position is stored',
  1: 'failed while running',
  2: 'the command line is wrong',
  3: 'a difference was found',
  4: 'a check failed, or a comparison could not decide something',
  5: 'waited too long',
  6: 'refused without `--yes`',
  78: 'a pipeline file is wrong (EX_CONFIG of sysexits.h)',
  130: 'interrupted: by a second signal, or while it asked something',
};

export const exitCodeOf = (error: unknown): ExitCode => {
  if (!isMillraceError(error)) return exitCode.failed;
  if (error.code === 'WAIT_TIMED_OUT') return exitCode.timedOut;
  if (error.code === 'CONFIRMATION_NEEDED') return exitCode.refused;
  if (error.code === 'API_FILE_WRONG' || error.code === 'SERVE_NOTHING') return exitCode.configInvalid;
  if (error.code === 'VERIFY_SINK_BEHIND') return exitCode.timedOut;
  if (error.code === 'VERIFY_NOTHING') return exitCode.usage;
  if (error.code.startsWith('CLI_BINLOG_')) return exitCode.failed;
  if (error.code.startsWith('CLI_')) return exitCode.usage;
  return /^(CONFIG|CONVERT)_/.test(error.code) ? exitCode.configInvalid : exitCode.failed;
};
