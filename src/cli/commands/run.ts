import type { LoadedFile, PipelineFile } from '../../config/pipeline-file.ts';
import { redactor } from '../../config/redact.ts';
import { errorObject } from '../../core/error-object.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { Pipeline, PipelineResult } from '../../pipeline/pipeline.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { EventRing } from '../../server/event-ring.ts';
import { LocalPipeline } from '../../server/local-pipeline.ts';
import { LogRing, tellingLog } from '../../server/log-ring.ts';
import { PipelineRunner } from '../../server/pipeline-runner.ts';
import { agreedServer, apiLog, apiSettings, openApi } from '../api-settings.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { errorText } from '../error-text.ts';
import { type ExitCode, exitCode, exitCodeOf } from '../exit-code.ts';
import { followSignals } from '../follow-signals.ts';
import { LiveLines } from '../live-lines.ts';
import { logWarnings } from '../log-warnings.ts';
import { pipelineOptions } from '../open-pipeline.ts';
import { openTracer } from '../open-tracer.ts';
import { checkedFiles, readEnvironment } from '../pipeline-files.ts';
import { planObject, planText } from '../pipeline-plan.ts';
import { sampleRows } from '../sample-rows.ts';
import { statusLine, statusObject } from '../status-line.ts';
import { logLevel, stderrLog } from '../stderr-log.ts';
import { stopSignals } from '../stop-signals.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const files = loaded.flatMap(({ pipelines }) => pipelines);
  if (call.flag('dry-run')) {
    for (const file of files) if (format === 'human') await terminal.print(planText(file));
    if (format === 'json') await terminal.print(envelope('run', { plans: files.map(planObject) }));
    return exitCode.ok;
  }
  return runPipelines(
    call,
    loaded,
    loaded.flatMap(({ file, pipelines }) => pipelines.map((pipeline) => [file, pipeline] as const)),
  );
};

interface Running {
  readonly runner: PipelineRunner;
  readonly stop: AbortController;
  readonly operated: LocalPipeline;
  /** Takes signals until it is stopped; never rejects. */
  readonly takeSignals: (stop: AbortSignal) => Promise<void>;
  readonly sample: (stop: AbortSignal) => Promise<void>;
}

interface Ending {
  readonly pipeline: Pipeline;
  readonly result: PipelineResult | null;
  readonly error: unknown;
}

/** Runs pipelines of loaded files until they end or a signal comes. */
export const runPipelines = async (
  call: CommandCall,
  loaded: readonly LoadedFile[],
  files: readonly (readonly [path: string, file: PipelineFile])[],
): Promise<ExitCode> => {
  const { terminal } = call;
  const redact = (text: string): string => loaded.reduce((result, file) => file.redact(result), redactor([])(text));
  using signals = stopSignals(() => terminal.say('stopping: what was read is written; a second signal aborts'));
  const running: Running[] = [];
  using lines = new LiveLines(terminal, () =>
    call.flag('quiet') ? [] : running.map(({ runner }) => redact(statusLine(runner.pipeline.status(), terminal.paint))),
  );
  const events = new EventRing();
  await using tracers = new AsyncDisposableStack();
  for (const [path, file] of files) {
    const toStderr = stderrLog(
      {
        format: call.text('log-format') === 'json' ? 'json' : 'pretty',
        level: logLevel(call),
        prefix: files.length > 1 ? file.name : null,
        redact,
        now: () => new Date(),
        write: (line) => lines.write(line),
      },
      terminal.paint,
    );
    const logs = new LogRing();
    const log = tellingLog((line) => logs.add(line), redact, toStderr);
    const tracer = await openTracer(readEnvironment(call), file.name, log);
    if (tracer !== null) tracers.use(tracer);
    const runner = new PipelineRunner({
      pipeline: {
        ...(await pipelineOptions(file, { log, clock: systemClock })),
        ...(tracer === null ? {} : { tracer }),
      },
      redact,
      tellsMemory: false,
      onHealth: ({ health, reason }) => events.publish('health', { pipeline: file.name, health, reason }),
    });
    const stop = new AbortController();
    running.push({
      runner,
      stop,
      operated: new LocalPipeline({ runner, file: path, plan: planObject(file), logs, stop: () => stop.abort() }),
      takeSignals: (ended) => followSignals(file, runner.pipeline, log, ended),
      sample: (ended) => sampleRows(file, runner, log, ended),
    });
    // Beside the pipeline, which must not wait for it.
    void logWarnings(file, { pipeline: file.name, log, clock: systemClock });
  }
  const toStderr = apiLog(call, (line) => lines.write(line));
  const settings = apiSettings(call, agreedServer(loaded, toStderr));
  await using _api =
    settings === null
      ? null
      : await openApi(
          call,
          settings,
          {
            pipelines: new Map(running.map(({ operated }) => [operated.name, operated])),
            events,
            files: null,
          },
          (line) => lines.write(line),
        );
  const others = new AbortController();
  const endings = await Promise.all(
    running.map(async ({ runner, stop, takeSignals, sample }): Promise<Ending> => {
      const { pipeline } = runner;
      const ended = new AbortController();
      const signalling = takeSignals(ended.signal);
      const sampling = sample(ended.signal);
      try {
        const result = await runner.run(AbortSignal.any([signals.stop, stop.signal, others.signal]), signals.abort);
        return { pipeline, result, error: null };
      } catch (error) {
        others.abort();
        if (!signals.abort.aborted) lines.write(redact(errorText(error, terminal.paint)));
        return { pipeline, result: null, error };
      } finally {
        ended.abort();
        if (!signals.abort.aborted) await Promise.all([signalling, sampling]);
      }
    }),
  );
  if (call.format === 'json')
    await terminal.print(envelope('run', { pipelines: endings.map((end) => endObject(end, redact)) }));
  if (signals.abort.aborted) return exitCode.interrupted;
  const failed = endings.find(({ error }) => error !== null);
  return failed ? exitCodeOf(failed.error) : exitCode.ok;
};

const endObject = ({ pipeline, result, error }: Ending, redact: (text: string) => string) => ({
  ...statusObject(pipeline.status()),
  outcome: result?.outcome ?? 'failed',
  error: isMillraceError(error)
    ? errorObject(error, redact)
    : error === null
      ? null
      : { detail: redact(String(error)) },
});
