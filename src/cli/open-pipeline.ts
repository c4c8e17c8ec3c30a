import type { SourceSettings } from '../config/frame.ts';
import type { OpenableFile, Section } from '../config/pipeline-file.ts';
import type { Clock } from '../core/clock.ts';
import type { Context, Ends, Source } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import type { DeadLetters } from '../pipeline/dead-letters.ts';
import { mergeSources } from '../pipeline/merge-sources.ts';
import type { PipelineOptions } from '../pipeline/options.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import type { BatchStep } from '../pipeline/process/process-batches.ts';
import { ownState } from '../sql-pipeline/own-state.ts';
import { DeadLetterFile } from './dead-letter-file.ts';
import { openProcesses } from './open-processes.ts';
import { OperatedSource } from './operated-source.ts';
import { pipelineOperators, sourceOperators } from './pipeline-operators.ts';

/** The pipeline that a file describes. Nothing is opened before it runs. */
export const openPipeline = async (file: OpenableFile, surroundings: Surroundings): Promise<Pipeline> =>
  createPipeline(await pipelineOptions(file, surroundings));

export interface Surroundings {
  readonly log: Log;
  readonly clock: Clock;
}

/** What a file says, as the pipeline takes it. */
export const pipelineOptions = async (file: OpenableFile, { log, clock }: Surroundings): Promise<PipelineOptions> => {
  const { settings, sources, sinks } = file;
  const context: Context = { pipeline: file.name, sinks: sinks.length, log, clock };
  const behavior = settings['schema.change.behavior'];
  const deadLetters = settings['errors.deadletterqueue.path'];
  const letters =
    settings['errors.tolerance'] === 'all' && deadLetters !== undefined ? new DeadLetterFile(deadLetters, clock) : null;
  const ends: Pick<PipelineOptions, 'source' | 'sinks' | 'operators'> =
    file.sql === null
      ? {
          source: async (deadLetters) =>
            openSources(sources, context, await openProcesses(file, { clock, deadLetters }), deadLetters),
          operators: await pipelineOperators(file, clock),
          sinks: sinks.map(({ name, connector, config }) => ({
            name,
            open: () => connector.openSink!(config as never, context),
          })),
        }
      : (await import('../sql-pipeline/job-options.ts')).jobOptions(
          { ...file.sql.job, name: file.name },
          { log, clock, print, state: ownState() },
        );
  return {
    name: file.name,
    ...ends,
    ...(behavior === 'exception' ? {} : { schemaBehavior: behavior }),
    clock,
    log,
    retry: {
      initialMs: settings['retry.initial-delay'],
      maxMs: settings['retry.max-delay'],
      ...(settings['retry.attempts'] === undefined ? {} : { attempts: settings['retry.attempts'] }),
      ...(settings['retry.window'] === undefined ? {} : { windowMs: settings['retry.window'] }),
    },
    ...(letters === null ? {} : { deadLetters: letters }),
    grouping: { maxMs: settings['commit.interval'], maxBytes: settings['commit.max-bytes'] },
    stalledAfterMs: settings['stalled-after'],
  };
};

/** Lines of tables `WITH ('connector' = 'print')`. */
const print = (text: string): Promise<void> =>
  new Promise((written, failed) => {
    process.stdout.write(text, (error) => (error ? failed(error) : written()));
  });

/** All sources, or none: what was opened is closed when another cannot be. */
const openSources = async (
  sections: readonly Section<SourceSettings, Ends>[],
  context: Context,
  step: BatchStep | null,
  deadLetters: DeadLetters | null,
): Promise<Source> => {
  const opened: Source[] = [];
  try {
    for (const [at, section] of sections.entries()) {
      const putAside: Context =
        deadLetters?.putAside === undefined
          ? context
          : { ...context, putAside: async (messages) => await deadLetters.putAside!(messages, at) };
      opened.push(await openSource(section, putAside, step));
    }
  } catch (error) {
    await Promise.allSettled(opened.map((source) => source[Symbol.asyncDispose]()));
    throw error;
  }
  const [first, second, ...more] = opened;
  return second === undefined ? first! : mergeSources([first!, second, ...more]);
};

const openSource = async (
  section: Section<SourceSettings, Ends>,
  context: Context,
  step: BatchStep | null,
): Promise<Source> => {
  const source = await section.connector.openSource!(section.config as never, context);
  const operators = sourceOperators(section.frame);
  return operators.length === 0 && step === null ? source : new OperatedSource(source, operators, step);
};
