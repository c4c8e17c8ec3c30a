import { version } from '../../pipeline/program-version.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async ({ terminal, format }: CommandCall): Promise<ExitCode> => {
  const node = process.versions.node;
  await terminal.print(
    format === 'json'
      ? envelope('version', { version, node, platform: `${process.platform}-${process.arch}` })
      : `millrace ${version} (Node ${node}, ${process.platform}-${process.arch})\n`,
  );
  return exitCode.ok;
};
