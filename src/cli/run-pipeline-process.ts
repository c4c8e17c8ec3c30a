import type { OpenableFile, Section } from '../config/pipeline-file.ts';
import { redactor } from '../config/redact.ts';
import type { SqlSection } from '../config/sql-section.ts';
import { connectors } from '../connectors/registry.ts';
import type { Ends } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { tellingLog } from '../server/log-ring.ts';
import { PipelineRunner } from '../server/pipeline-runner.ts';
import type { FromChild, ToChild } from '../server/question.ts';
import type { ToldFile } from '../server/told-pipeline.ts';
import { followSignals } from './follow-signals.ts';
import { logWarnings } from './log-warnings.ts';
import { pipelineOptions } from './open-pipeline.ts';
import { openTracer } from './open-tracer.ts';
import { sampleRows } from './sample-rows.ts';

export interface ProcessOptions {
  /** Ends it gracefully, whoever aborts it. */
  readonly stop: AbortController;
  readonly tell: (message: FromChild) => void;
  readonly listen: (take: (message: ToChild) => void) => void;
}

/**
 * Runs what it is told to. Resolves when it was told to end. A pipeline that failed stays, to be asked why and to be moved to another
 * place.
 */
export const runPipelineProcess = async (options: ProcessOptions): Promise<void> => {
  const { stop, tell } = options;
  const begin = await toldToBegin(options);
  if (begin === null) return;
  const { told, paused } = begin;
  const described = await withEnds(told.pipeline);
  const { name } = described;
  const redact = redactor(told.secrets);
  const log = tellingLog((line) => tell({ kind: 'log', line }), redact, null);
  await using tracer = await openTracer(process.env, name, log);
  const runner = new PipelineRunner({
    pipeline: {
      ...(await pipelineOptions(described, { log, clock: systemClock })),
      ...(tracer === null ? {} : { tracer }),
    },
    redact,
    tellsMemory: true,
    onHealth: (status) => tell({ kind: 'health', status }),
  });
  if (paused) runner.pause();
  answerQuestions(runner, options);
  tell({ kind: 'ready' });
  giveBackMemory();
  void logWarnings(described, { pipeline: name, log, clock: systemClock });
  // After the pipeline, whose last writes say which signals are done with.
  const ended = new AbortController();
  const signals = followSignals(described, runner.pipeline, log, ended.signal);
  const sampling = sampleRows(described, runner, log, ended.signal);
  try {
    const { outcome } = await runner.run(stop.signal);
    if (outcome === 'finished') log.info('the source has no more; the pipeline is done', { pipeline: name });
  } catch (error) {
    const code = isMillraceError(error) ? error.code : 'INTERNAL';
    log.error('the pipeline failed, and stays so until somebody acts', {
      pipeline: name,
      code,
      error: (error as Error).message,
      remedy: isMillraceError(error) ? error.hint : 'Please report it.',
    });
  }
  if (!stop.signal.aborted)
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
  ended.abort();
  await Promise.all([signals, sampling]);
};

/** What `serve` says first; null: it told this process to end before. */
const toldToBegin = ({ listen, stop }: ProcessOptions): Promise<Extract<ToChild, { kind: 'begin' }> | null> =>
  new Promise((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(null), { once: true });
    if (stop.signal.aborted) resolve(null);
    listen((message) => {
      if (message.kind === 'begin') resolve(message);
    });
  });

const withEnds = async (pipeline: ToldFile): Promise<OpenableFile> => ({
  ...pipeline,
  sources: await Promise.all(pipeline.sources.map((section) => opened(section, 'source'))),
  sinks: await Promise.all(pipeline.sinks.map((section) => opened(section, 'sink'))),
  sql: pipeline.sql === null ? null : await boundAgain(pipeline.sql),
});

const boundAgain = async ({ text, folder, expanded }: NonNullable<ToldFile['sql']>): Promise<SqlSection> => {
  const { fileJob } = await import('../sql-pipeline/file-job.ts');
  const job = await fileJob(text, { folder, expand: (each) => expanded.get(each) ?? each, hide: () => {} });
  return { text, folder, expanded, ...job };
};

const opened = async <Frame>(
  section: Section<Frame, string>,
  role: 'source' | 'sink',
): Promise<Section<Frame, Ends>> => {
  const registered = connectors.find(({ type, roles }) => type === section.connector && roles.includes(role));
  return { ...section, connector: await registered!.ends() };
};

const lookEveryMs = 5_000;
/** CPU time of the process between two looks, in microseconds, below which it is at rest. */
const restMicros = 200_000;

/**
 * Loading, connecting and any burst leave twice as much in memory as an idle pipeline lives on, and nothing would collect it while
 * nothing happens. One thorough collection (some 30 ms) when the process has come to rest gives that back, however long it was busy.
 */
const giveBackMemory = (): void => {
  let before = process.cpuUsage();
  let isDue = true;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    if (user + system > restMicros) isDue = true;
    else if (isDue) {
      isDue = false;
      void global.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' });
    }
  }, lookEveryMs);
  timer.unref();
};

const answerQuestions = (runner: PipelineRunner, { listen, tell, stop }: ProcessOptions): void => {
  const tails = new Map<number, () => void>();
  listen((message) => {
    switch (message.kind) {
      case 'question':
        runner.answer(message.question).then(
          (answer) => tell({ kind: 'answer', id: message.id, answer }),
          (error: unknown) => tell({ kind: 'refusal', id: message.id, error: sentError(error) }),
        );
        return;
      case 'tail':
        tails.set(
          message.id,
          runner.tail(message.filter, (rows) => tell({ kind: 'rows', id: message.id, rows })),
        );
        return;
      case 'untail':
        tails.get(message.id)?.();
        tails.delete(message.id);
        return;
      case 'stop':
        stop.abort();
        return;
    }
  });
};

const sentError = (error: unknown): Extract<FromChild, { kind: 'refusal' }>['error'] => {
  const known = isMillraceError(error)
    ? error
    : new MillraceError('PIPELINE_QUESTION_FAILED', { reason: (error as Error).message });
  return { code: known.code, details: known.details };
};
