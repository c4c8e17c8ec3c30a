import { stringify } from 'yaml';

/** What a pipeline file says, section by section, in the order in which it is written. */
export type PipelineSections = Readonly<Record<string, unknown>>;

/** The text of a pipeline file: lines of comment, then its sections, with quotes where YAML needs them. */
export const pipelineText = (comments: readonly string[], sections: PipelineSections): string =>
  [...comments, stringify(sections, { lineWidth: 0 })].join('\n');
