import type { PipelineFile } from '../config/pipeline-file.ts';
import type { Clock } from '../core/clock.ts';
import type { Context } from '../core/connector.ts';
import type { Log } from '../core/log.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';

/** The pipeline that a file describes. Nothing is opened before it runs. */
export const openPipeline = (
  file: PipelineFile,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
): Pipeline => {
  const { settings, sources, sinks } = file;
  const context: Context = { pipeline: file.name, log, clock };
  const [source] = sources;
  return createPipeline({
    name: file.name,
    source: () => source!.connector.openSource!(source!.config as never, context),
    sinks: sinks.map(({ name, connector, config }) => ({
      name,
      open: () => connector.openSink!(config as never, context),
    })),
    clock,
    log,
    retry: {
      initialMs: settings['retry.initial-delay'],
      maxMs: settings['retry.max-delay'],
      ...(settings['retry.max-attempts'] === undefined ? {} : { attempts: settings['retry.max-attempts'] }),
    },
    grouping: { maxMs: settings['commit.interval'], maxBytes: settings['commit.max-bytes'] },
    stalledAfterMs: settings['stalled-after'],
  });
};
