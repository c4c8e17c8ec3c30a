import type { PipelineView } from '../server/pipeline-view.ts';
import { type ApiClient, pipelinePath } from './api-client.ts';

/** The pipelines with these names; all without names. */
export const askedPipelines = async (client: ApiClient, names: readonly string[]): Promise<readonly PipelineView[]> => {
  if (names.length > 0) return await Promise.all(names.map((name) => client.get<PipelineView>(pipelinePath(name))));
  return (await client.get<{ pipelines: readonly PipelineView[] }>('/api/v1/pipelines')).pipelines;
};
