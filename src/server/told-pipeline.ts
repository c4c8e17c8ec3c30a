import type { PipelineFile } from '../config/pipeline-file.ts';
import type { Connector } from '../core/connector.ts';

/** A pipeline as its process is told it: what its file says, with the type of each connector in the connector's place. */
export interface ToldPipeline {
  readonly pipeline: PipelineFile<string>;
  /** Texts that no log line and no status may hold. */
  readonly secrets: readonly string[];
}

export const toldPipeline = (pipeline: PipelineFile, secrets: readonly string[]): ToldPipeline => {
  const { sources, sinks } = pipeline;
  const plain = <Section extends { readonly connector: Connector }>(section: Section) => ({
    ...section,
    connector: section.connector.type,
  });
  // A row test knows its place in the file, and is not run there.
  return { pipeline: { ...pipeline, sources: sources.map(plain), sinks: sinks.map(plain), tests: [] }, secrets };
};
