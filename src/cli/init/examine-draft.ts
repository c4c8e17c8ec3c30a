import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { type PipelineSections, pipelineText } from '../../config/pipeline-text.ts';
import { connectors } from '../../connectors/registry.ts';
import { version } from '../../pipeline/program-version.ts';
import { diagnosticText } from '../diagnostic-text.ts';
import { examinationText, examine } from '../examination.ts';
import { pipelineEnds } from '../file-ends.ts';
import type { Terminal } from '../terminal.ts';

export interface Finding {
  /** What a person reads, with what repairs it. */
  readonly text: string;
  readonly wrong: boolean;
}

interface Surroundings {
  /** The environment, with the passwords that the sections name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paint: Terminal['paint'];
}

/** Tries one end of what was answered so far as `lint` and `doctor` would: by the file that it makes, on the real system. */
export const examineDraft = async (
  sections: PipelineSections,
  role: 'source' | 'sink',
  { env, paint }: Surroundings,
): Promise<Finding> => {
  const loaded = await loadDraft(sections, env);
  const [pipeline] = loaded.pipelines;
  if (pipeline === undefined) {
    const said = loaded.diagnostics.map((diagnostic) => diagnosticText(loaded, diagnostic, paint));
    return { text: said.join('\n'), wrong: true };
  }
  const end = pipelineEnds([loaded]).find((each) => each.role === role)!;
  const { connector, config, name } = end.section;
  const examination = await examine(
    { name: `${role} ${name}`, pipeline: pipeline.name, connector, config },
    loaded.redact,
  );
  return {
    text: examinationText(examination, paint).trimEnd(),
    wrong: examination.problems.some(({ severity }) => severity === 'error'),
  };
};

const loadDraft = (sections: PipelineSections, env: Surroundings['env']) =>
  loadPipelineFile('init.yaml', {
    env,
    overrides: [],
    version,
    connectors,
    readText: () => pipelineText([], sections),
  });
