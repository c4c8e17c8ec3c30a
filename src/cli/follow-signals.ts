import type { OpenableFile } from '../config/pipeline-file.ts';
import type { Log } from '../core/log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { systemClock } from '../pipeline/system-clock.ts';

/** Takes the signals of a pipeline, should its file name a topic of them, until `stop` aborts. Never rejects for what Kafka does. */
export const followSignals = async (
  { name, signals }: Pick<OpenableFile, 'name' | 'signals'>,
  pipeline: Pipeline,
  log: Log,
  stop: AbortSignal,
): Promise<void> => {
  if (signals === null) return;
  // A pipeline without signals keeps none of this in its memory.
  const [{ SignalTopic }, { SignalDesk }] = await Promise.all([
    import('../connectors/kafka/signal-topic.ts'),
    import('../server/signals/signal-desk.ts'),
  ]);
  const desk = new SignalDesk({ pipeline, clock: systemClock, log });
  const topic = new SignalTopic({ ...signals, pipeline: name, log, clock: systemClock });
  await topic.follow((record, signal) => desk.take(record, signal), stop);
};
