import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { fileReason } from '../config/interpolate.ts';
import { type LoadedFile, loadPipelineFile } from '../config/pipeline-file.ts';
import { connectors } from '../connectors/registry.ts';
import { MillraceError } from '../core/errors.ts';
import { version } from '../pipeline/program-version.ts';
import type { CommandCall } from './command.ts';
import { diagnosticText } from './diagnostic-text.ts';
import { errorEnvelope } from './envelope.ts';

/** Loads the files that a command names, under its `--set` and `--env`. */
export const loadFiles = async (
  call: CommandCall,
  files: readonly string[] = call.arguments,
): Promise<readonly LoadedFile[]> => {
  const env = readEnvironment(call);
  const overrides = call.list('set');
  const loaded: LoadedFile[] = [];
  for (const file of files) {
    loaded.push(await loadPipelineFile(file, { env, readText, connectors, overrides, version }));
  }
  return loaded;
};

/** The environment, over what the files of `--env` say. */
export const readEnvironment = (call: CommandCall): Readonly<Record<string, string | undefined>> => ({
  ...Object.assign({}, ...call.list('env').map(readEnvFile)),
  ...call.env,
});

/** The same, when none of them is wrong; null: one is, and everything that is wrong with them was said. */
export const checkedFiles = async (
  call: CommandCall,
  files: readonly string[] = call.arguments,
): Promise<readonly LoadedFile[] | null> => {
  const { terminal } = call;
  const loaded = await loadFiles(call, files);
  for (const file of loaded) {
    for (const diagnostic of file.diagnostics) {
      if (diagnostic.severity === 'warning' && call.flag('quiet')) continue;
      terminal.say(diagnosticText(file, diagnostic, terminal.paint));
    }
  }
  const wrong = loaded.find(({ pipelines }) => pipelines.length === 0);
  if (wrong === undefined) return loaded;
  const error = wrong.diagnostics.find(({ severity }) => severity === 'error')!.error;
  if (call.format !== 'human') await terminal.print(errorEnvelope(error, call.format === 'jsonl', wrong.redact));
  return null;
};

export const readText = (path: string): string => readFileSync(path, 'utf8');

const readEnvFile = (file: string): Record<string, string | undefined> => {
  try {
    return parseEnv(readText(file));
  } catch (error) {
    throw new MillraceError('CONFIG_UNREADABLE', { file, reason: fileReason(error) });
  }
};
