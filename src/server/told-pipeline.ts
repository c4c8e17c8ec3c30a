import type { PipelineFile } from '../config/pipeline-file.ts';
import type { SqlSection } from '../config/sql-section.ts';
import type { Connector } from '../core/connector.ts';

/** Queries are told as they are written: what they come to holds functions. */
export type ToldFile = Omit<PipelineFile<string>, 'sql'> & {
  readonly sql: Pick<SqlSection, 'text' | 'folder' | 'expanded'> | null;
};

/** A pipeline as its process is told it: what its file says, with the type of each connector in the connector's place. */
export interface ToldPipeline {
  readonly pipeline: ToldFile;
  /** Texts that no log line and no status may hold. */
  readonly secrets: readonly string[];
}

export const toldPipeline = (pipeline: PipelineFile, secrets: readonly string[]): ToldPipeline => {
  const { sources, sinks, sql } = pipeline;
  const plain = <Section extends { readonly connector: Connector }>(section: Section) => ({
    ...section,
    connector: section.connector.type,
  });
  return {
    pipeline: {
      ...pipeline,
      sources: sources.map(plain),
      sinks: sinks.map(plain),
      sql: sql === null ? null : { text: sql.text, folder: sql.folder, expanded: sql.expanded },
      // They know their places in the file, and are not run there.
      tests: [],
    },
    secrets,
  };
};
