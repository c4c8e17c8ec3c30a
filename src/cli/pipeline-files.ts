import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { fileReason } from '../config/interpolate.ts';
import { type LoadedFile, loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { MillraceError } from '../core/errors.ts';
import type { CommandCall } from './command.ts';
import { version } from './version.ts';

/** Loads the files that a command names, under its `--set` and `--env`. */
export const loadFiles = async (call: CommandCall): Promise<readonly LoadedFile[]> => {
  const env = readEnvironment(call);
  const overrides = call.list('set');
  const loaded: LoadedFile[] = [];
  for (const file of call.arguments) {
    loaded.push(await loadPipelineFile(file, { env, readText, connectors, overrides, version }));
  }
  return loaded;
};

/** The environment, over what the files of `--env` say. */
export const readEnvironment = (call: CommandCall): Readonly<Record<string, string | undefined>> => ({
  ...Object.assign({}, ...call.list('env').map(readEnvFile)),
  ...call.env,
});

export const readText = (path: string): string => readFileSync(path, 'utf8');

const readEnvFile = (file: string): Record<string, string | undefined> => {
  try {
    return parseEnv(readText(file));
  } catch (error) {
    throw new MillraceError('CONFIG_UNREADABLE', { file, reason: fileReason(error) });
  }
};
