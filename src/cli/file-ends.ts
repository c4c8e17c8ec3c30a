import type { LoadedFile, PipelineFile, SinkSection, SourceSection } from '../config/pipeline-file.ts';

/** One end of a pipeline: what `doctor` and `conns` look at. */
export interface PipelineEnd {
  readonly file: string;
  readonly pipeline: PipelineFile;
  readonly role: 'source' | 'sink';
  readonly section: SourceSection | SinkSection;
}

export const pipelineEnds = (loaded: readonly LoadedFile[]): readonly PipelineEnd[] =>
  loaded.flatMap(({ file, pipelines }) =>
    pipelines.flatMap((pipeline) => [
      ...pipeline.sources.map((section): PipelineEnd => ({ file, pipeline, role: 'source', section })),
      ...pipeline.sinks.map((section): PipelineEnd => ({ file, pipeline, role: 'sink', section })),
    ]),
  );

/** Where an end is, as far as its settings say: a host and port, a path, brokers. */
export const addressOf = ({ section }: { readonly section: Pick<PipelineEnd['section'], 'config'> }): string => {
  const config = section.config as Readonly<Record<string, unknown>>;
  if (config['hostname'] !== undefined) return `${config['hostname']}:${config['port'] ?? ''}`.replace(/:$/, '');
  if (config['binlog.files'] !== undefined) return String(config['binlog.files']);
  const properties = config['properties'] as Readonly<Record<string, unknown>> | undefined;
  // A webhook's path may hold a token.
  const url = URL.parse(String(config['url'] ?? ''))?.origin;
  return String(
    config['path'] ?? url ?? config['properties.bootstrap.servers'] ?? properties?.['bootstrap.servers'] ?? '',
  );
};
