import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LoadedFile, loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import { version } from '../../pipeline/program-version.ts';
import { Supervisor } from '../../server/supervisor.ts';
import { agreedServer, apiSettings, openApi } from '../api-settings.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { readEnvironment, readText } from '../pipeline-files.ts';
import { planObject } from '../pipeline-plan.ts';
import { logLevel, stderrLog } from '../stderr-log.ts';
import { stopSignals } from '../stop-signals.ts';

const defaultListen = '127.0.0.1:8765';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const env = readEnvironment(call);
  const folder = call.text('dir');
  // Another folder than was meant must not look like one that is empty.
  if (folder !== null && !existsSync(folder)) {
    throw new MillraceError('CONFIG_UNREADABLE', { file: folder, reason: 'there is no such folder' });
  }
  const format = call.text('log-format') === 'json' ? 'json' : 'pretty';
  const log = stderrLog(
    {
      format,
      level: logLevel(call),
      prefix: 'serve',
      redact: String,
      now: () => new Date(),
      write: (line) => terminal.say(line),
    },
    terminal.paint,
  );
  /** What each file said of the API when it was read first; one with errors says nothing. */
  const sections = new Map<string, Pick<LoadedFile, 'file' | 'server'>>();
  using signals = stopSignals(() => log.info('stopping: what was read is written; a second signal ends at once'));
  await using supervisor = await Supervisor.open({
    files: call.arguments,
    folder: folder === null ? null : resolve(folder),
    stateFolder: resolve(call.text('state') ?? (folder === null ? '.millrace' : `${folder}/.millrace`)),
    program: childProgram(env),
    load: async (path, text) => {
      const loaded = await loadPipelineFile(path, {
        env,
        readText: (asked) => (text !== undefined && asked === path ? text : readText(asked)),
        connectors,
        overrides: [],
        version,
      });
      const { file, pipelines, server } = loaded;
      if (pipelines.length > 0 && !sections.has(path)) sections.set(path, { file, server });
      return loaded;
    },
    plan: planObject,
    log,
    // The pipeline has taken its secrets out already.
    onLine: (pipeline, { level, message, fields }) => log[level](message, { pipeline, ...fields }),
  });
  if (supervisor.pipelines.size === 0 && !call.flag('allow-empty')) {
    throw new MillraceError('SERVE_NOTHING', { where: folder ?? (call.arguments.join(', ') || 'this folder') });
  }
  const settings = apiSettings(call, agreedServer([...sections.values()], log), defaultListen)!;
  await using _api = await openApi(call, settings, supervisor, (line) => terminal.say(line));
  const readAgain = (): void => {
    log.info('reading all files again', {});
    void supervisor.reload();
  };
  process.on('SIGHUP', readAgain);
  if (!signals.stop.aborted) {
    await new Promise((done) => signals.stop.addEventListener('abort', done, { once: true }));
  }
  process.off('SIGHUP', readAgain);
  signals.abort.addEventListener('abort', () => supervisor.kill(), { once: true });
  await supervisor[Symbol.asyncDispose]();
  return signals.abort.aborted ? exitCode.interrupted : exitCode.ok;
};

const childProgram = (env: Readonly<Record<string, string | undefined>>) => {
  const entry = new URL(
    `../pipeline-process${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
    import.meta.url,
  );
  return {
    path: fileURLToPath(entry),
    // A small nursery: fifty idle pipelines on one machine should not cost fifty times what one busy one may.
    execArgv: ['--max-semi-space-size=8', '--expose-gc'],
    env,
  };
};
