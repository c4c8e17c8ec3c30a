import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { runProgram } from './run-program.ts';
import { exclusively } from './server-cache.ts';
import type { ServerProgram } from './server-program.ts';

/** Options that decide what a new data folder looks like, so that a copy of a plain one will not do. */
const lasting =
  /^--(?:loose-)?(?:lower[-_]case[-_]table[-_]names|innodb[-_](?:page[-_]size|data[-_]file[-_]path)|initialize)/;

/**
 * Makes a data folder for a new server: root without a password, from this machine only. Initialising takes seconds, so it is
 * done once for each cached program and copied from then on.
 */
export const makeDataFolder = async (
  program: ServerProgram,
  options: readonly string[],
  folder: string,
): Promise<void> => {
  const own = options.filter((option) => lasting.test(option));
  if (program.templates === null || own.length > 0) return await initialise(program, own, folder);
  const template = join(program.templates, program.version);
  await exclusively(`${template}.lock`, async () => {
    if (await exists(template)) return;
    await rm(`${template}.partial`, { recursive: true, force: true });
    await initialise(program, [], `${template}.partial`);
    await rename(`${template}.partial`, template);
  });
  const { status, output } = await runProgram(['cp', '-a', '--reflink=auto', '--sparse=always', template, folder]);
  if (status !== 0) throw new MillraceError('SERVER_START_FAILED', { server: program.version, reason: output.trim() });
};

/** What every run of a server's program is told, whatever it runs for. */
export const commonOptions = (program: ServerProgram, folder: string): readonly string[] => [
  '--no-defaults',
  `--datadir=${folder}`,
  ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ...program.options,
];

const initialise = async (program: ServerProgram, options: readonly string[], folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const common = [...commonOptions(program, folder), ...options, '--skip-log-bin'];
  const run =
    program.systemTables === null
      ? await initialiseMysql(program, common, folder)
      : await bootstrapMariadb(program, common, folder);
  if (run.status === 0) return;
  const reason = run.output.trim().split('\n').at(-1) || `status ${run.status}`;
  throw new MillraceError('SERVER_START_FAILED', { server: program.version, reason });
};

const initialiseMysql = async (program: ServerProgram, common: readonly string[], folder: string) => {
  // mysqld refuses a folder that holds anything, so it makes its own.
  await rm(folder, { recursive: true });
  const run = await runProgram([
    ...program.daemon,
    ...common,
    '--initialize-insecure',
    '--loose-innodb-redo-log-capacity=8M',
    '--log-error-verbosity=1',
  ]);
  // The uuid in here would make every copy the same server.
  await rm(join(folder, 'auto.cnf'), { force: true });
  return run;
};

const bootstrapMariadb = async (program: ServerProgram, common: readonly string[], folder: string) => {
  await mkdir(join(folder, 'mysql'), { recursive: true });
  return await runProgram([...program.daemon, ...common, '--bootstrap', '--skip-grant-tables'], {
    // The anonymous users that come with the system tables would shadow the users that tests create.
    input: ['use mysql;', ...(program.systemTables ?? []), "DELETE FROM global_priv WHERE User = '';", ''].join('\n'),
  });
};

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
