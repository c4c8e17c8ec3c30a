import { partitionOf } from '../../connectors/kafka/source/lane.ts';
import { topicRoutes } from '../../connectors/kafka/topic-routes.ts';
import type { OperatedPipeline } from '../fleet.ts';
import { endsOf } from './connector-status.ts';

/** The topics that a pipeline writes its tables to, of the tables it has seen, and those it reads. */
export const connectorTopics = async (pipeline: OperatedPipeline): Promise<readonly string[]> => {
  const { tables, positions } = await pipeline.view();
  const topics = new Set<string>();
  for (const { type, settings } of endsOf(pipeline.plan, 'sinks')) {
    if (type !== 'kafka') continue;
    const topicOf = topicRoutes(settings);
    for (const name of Object.keys(tables)) {
      const dot = name.indexOf('.');
      topics.add(topicOf({ database: name.slice(0, Math.max(dot, 0)), name: name.slice(dot + 1) }));
    }
  }
  if (endsOf(pipeline.plan, 'sources').some(({ type }) => type === 'kafka')) {
    for (const [lane, held] of Object.entries(positions)) {
      if (/@\d+$/.test(held)) topics.add(partitionOf(lane).topic);
    }
  }
  return [...topics].sort();
};
