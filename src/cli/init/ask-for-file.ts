import { existsSync } from 'node:fs';
import { type PipelineSections, pipelineText } from '../../config/pipeline-text.ts';
import { MillraceError } from '../../core/errors.ts';
import { fileHead } from '../templates.ts';
import { examineDraft } from './examine-draft.ts';
import { askChoice, environmentOf, type Interview, RefusedAnswer, sayWhy, whileWaiting } from './interview.ts';
import { type AnsweredSink, askSink, askSinkType, subject } from './sink-questions.ts';
import { type AnsweredSource, askSource } from './source-questions.ts';

/** A pipeline file that was answered for, and not written yet. */
export interface AnsweredFile {
  readonly file: string;
  readonly text: string;
}

interface Answers {
  readonly name: string;
  readonly source: AnsweredSource;
  readonly startup: string;
  readonly sink: AnsweredSink;
}

/**
 * Asks for everything that a pipeline file needs, each answer tried on the real system before the next question. Nothing is
 * changed anywhere. Throws the reason of the asker's `givenUp`.
 */
export const askForFile = async (
  interview: Interview,
  options: { readonly to: string | null; readonly force: boolean },
): Promise<AnsweredFile> => {
  const source = await askSource(interview);
  const draft: Answers = {
    name: 'init',
    source,
    startup: 'initial',
    sink: { type: 'blackhole', settings: {}, route: [] },
  };
  await untilWell(interview, 'source', async () => draft);
  const copy = await askChoice(
    interview,
    'Copy the rows that are there first? yes, or no for changes from now on',
    ['yes', 'no'],
    'yes',
  );
  const startup = copy === 'yes' ? 'initial' : 'latest-offset';
  const type = await askSinkType(interview);
  let before: Readonly<Record<string, unknown>> = {};
  const { sink } = await untilWell(interview, 'sink', async () => {
    const sink = await askSink(interview, type, source, before);
    before = sink.settings;
    return { ...draft, startup, sink };
  });
  const name = await askName(interview, `${subject(source)}-to-${type}`);
  const file = await askFile(interview, options, `${name}.yaml`);
  return { file, text: pipelineText(comments(interview, file), sectionsOf({ name, source, startup, sink })) };
};

/** Answers until they work, or whoever is asked leaves the repair for later. */
const untilWell = async (
  interview: Interview,
  role: 'source' | 'sink',
  answer: () => Promise<Answers>,
): Promise<Answers> => {
  const { asker, paint } = interview;
  for (;;) {
    const answers = await answer();
    asker.say(`looking at the ${role} …`);
    const { text, wrong } = await whileWaiting(
      asker,
      examineDraft(sectionsOf(answers), role, { env: environmentOf(interview), paint }),
    );
    asker.say(text);
    if (!wrong) return answers;
    const again = role === 'source' ? 'look again once it is repaired' : 'answer again';
    if (
      (await askChoice(
        interview,
        `again (${again}) or later (write the file, repair before it runs)?`,
        ['again', 'later'],
        'again',
      )) === 'later'
    )
      return answers;
  }
};

const sectionsOf = ({ name, source, startup, sink }: Answers): PipelineSections => ({
  source: {
    type: 'mysql',
    ...source.server.settings,
    tables: source.chosen.patterns.length === 1 ? source.chosen.patterns[0] : source.chosen.patterns,
    'scan.startup.mode': startup,
  },
  sink: { type: sink.type, ...sink.settings },
  ...(sink.route.length === 0 ? {} : { route: sink.route }),
  pipeline: { name },
});

const comments = ({ secrets }: Interview, file: string): readonly string[] => [
  ...fileHead.map((line) => line.replace('FILE', file)),
  ...[...secrets].map(
    ([variable, { of }]) =>
      `# \${${variable}} is the password of ${of}; \${file:/run/secrets/NAME} reads one from a file`,
  ),
];

const askName = async (interview: Interview, fallback: string): Promise<string> => {
  for (;;) {
    const name = await interview.asker.ask('Name of the pipeline; positions are kept under it', { fallback });
    if (/^[\w.-]+$/.test(name)) return name;
    sayWhy(interview, new RefusedAnswer(`${name} is no name: letters, digits, . - and _`));
  }
};

const askFile = async (
  interview: Interview,
  { to, force }: { readonly to: string | null; readonly force: boolean },
  fallback: string,
): Promise<string> => {
  for (;;) {
    const file = to ?? (await interview.asker.ask('File to write', { fallback }));
    if (file === '-' || force || !existsSync(file)) return file;
    const error = new MillraceError('CLI_FILE_EXISTS', { file });
    if (to !== null) throw error;
    sayWhy(interview, error);
  }
};
