import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { offsetOf, partitionOf } from '../../connectors/kafka/source/lane.ts';
import type { Position } from '../../core/batch.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { LogPlace } from '../../core/operating.ts';
import type { OperatedPipeline } from '../fleet.ts';
import type { AnswerTo, Offsets, OffsetsChange, Question } from '../question.ts';
import { connectorType } from './connector-status.ts';

/** How long a stopped pipeline's process may take to begin, when it is only asked for its position. */
const beginWithinMs = 30_000;

export const offsetsBody = z.looseObject({
  offsets: z
    .array(
      z.looseObject({
        partition: z.record(z.string(), z.unknown()),
        offset: z.record(z.string(), z.unknown()).nullable(),
      }),
    )
    .optional(),
});

interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

/** Where a connector is, as Debezium words it, and for topics as Connect does. `server`: what Debezium's partition is called. */
export const connectorOffsets = async (
  pipeline: OperatedPipeline,
  server: string,
): Promise<readonly ConnectorOffset[]> => {
  const { logs, positions } = await askAtRest(pipeline, { ask: 'offsets' });
  if (connectorType(pipeline) === 'sink') return topicOffsets(positions);
  return logs.flatMap(({ source, file, offset, gtids }) => {
    if (file === null && gtids === null) return [];
    const partition = { server: logs.length === 1 ? server : source };
    return [{ partition, offset: { file, pos: offset, ...(gtids === null ? {} : { gtids }) } }];
  });
};

const topicOffsets = (positions: Offsets['positions']): readonly ConnectorOffset[] =>
  Object.entries(positions)
    .filter(([, held]) => /@\d+$/.test(held))
    .map(([lane, held]) => {
      const { topic, partition } = partitionOf(lane);
      return {
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: offsetOf(held as Position) },
      };
    });

/** Makes a stopped connector go on elsewhere. Throws API_PIPELINE_STATE for one that is not stopped. */
export const setConnectorOffsets = async (pipeline: OperatedPipeline, place: LogPlace): Promise<OffsetsChange> => {
  const { desired } = await pipeline.view();
  if (desired !== 'stopped') {
    throw new MillraceError('API_PIPELINE_STATE', { pipeline: pipeline.name, state: desired, wanted: 'stopped' });
  }
  return await askAtRest(pipeline, { ask: 'offsets-set', place });
};

/** The place that a body means: `null` as an offset is where the connector began. Throws API_BAD_JSON. */
export const placeOf = ({ offsets = [] }: z.output<typeof offsetsBody>): LogPlace => {
  if (offsets.length !== 1) {
    const reason = offsets.length === 0 ? 'it holds no offsets' : 'one server has one log, so one offset is taken';
    throw new MillraceError('API_BAD_JSON', { reason });
  }
  const [{ offset }] = offsets as [NonNullable<typeof offsets>[number]];
  if (offset === null) return { at: 'configured' };
  const { gtids, file, pos = 4 } = offset;
  if (typeof gtids === 'string' && gtids !== '') return { at: 'gtid', gtids };
  if (typeof file === 'string' && file !== '' && Number.isSafeInteger(Number(pos)) && Number(pos) >= 4) {
    return { at: 'file', file, offset: Number(pos) };
  }
  throw new MillraceError('API_BAD_JSON', { reason: 'an offset has gtids, or file and pos' });
};

/** Asks a pipeline; one that is stopped has no process, so it is started paused for as long as it takes to answer. */
const askAtRest = async <Asked extends Question>(
  pipeline: OperatedPipeline,
  question: Asked,
): Promise<AnswerTo<Asked>> => {
  if ((await pipeline.view()).desired !== 'stopped') return await pipeline.ask(question);
  await pipeline.want('paused');
  try {
    return await askWhenReady(pipeline, question);
  } finally {
    // Somebody may have asked for something else meanwhile.
    if ((await pipeline.view()).desired === 'paused') await pipeline.want('stopped');
  }
};

const askWhenReady = async <Asked extends Question>(
  pipeline: OperatedPipeline,
  question: Asked,
): Promise<AnswerTo<Asked>> => {
  const deadline = performance.now() + beginWithinMs;
  for (;;) {
    try {
      return await pipeline.ask(question);
    } catch (error) {
      const isStarting = isMillraceError(error, 'API_PIPELINE_STATE') && error.details.state === 'starting';
      if (!isStarting || performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
};
