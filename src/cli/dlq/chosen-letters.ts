import type { PipelineFile } from '../../config/pipeline-file.ts';
import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { readDeadLetters } from '../dead-letter-file.ts';
import type { DeadLetterLine } from '../dead-letter-line.ts';
import { checkedFiles } from '../pipeline-files.ts';

/** A pipeline's dead letters, as a command's line names them. */
export interface ChosenLetters {
  readonly file: string;
  readonly pipeline: PipelineFile;
  readonly path: string;
  readonly letters: readonly DeadLetterLine[];
  /** Takes the file's secrets out of a text. */
  readonly redact: (text: string) => string;
}

/** Reads `FILE [ID...]` with `--code`; null: the file is wrong, which was said. `some`: a command that changes something wants to be told what. */
export const chosenLetters = async (call: CommandCall, some: boolean): Promise<ChosenLetters | null> => {
  const [file = '', ...ids] = call.arguments;
  const checked = await checkedFiles(call, [file]);
  if (checked === null) return null;
  const loaded = checked[0]!;
  const wanted = call.text('pipeline');
  const keeping = loaded.pipelines.filter(
    ({ name, settings }) =>
      settings['errors.deadletterqueue.path'] !== undefined && (wanted === null || name === wanted),
  );
  const [pipeline] = keeping;
  if (pipeline === undefined) throw new MillraceError('DLQ_NOT_KEPT', { file });
  if (keeping.length > 1) {
    throw new MillraceError('DLQ_WHICH_PIPELINE', { file, pipelines: keeping.map(({ name }) => name).join(', ') });
  }
  const path = pipeline.settings['errors.deadletterqueue.path']!;
  const all = await readDeadLetters(path);
  const code = call.text('code');
  if (some && ids.length === 0 && code === null && !call.flag('all')) {
    throw new MillraceError('DLQ_NOTHING_CHOSEN', { command: call.spec.name });
  }
  for (const id of ids) {
    if (!all.some((letter) => letter.id === id)) throw new MillraceError('DLQ_UNKNOWN_ID', { path, id });
  }
  const letters = all.filter(
    (letter) => (ids.length === 0 || ids.includes(letter.id)) && (code === null || letter.code === code),
  );
  return { file, pipeline, path, letters, redact: loaded.redact };
};
