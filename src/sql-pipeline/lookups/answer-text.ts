import type { Answer } from '../../operators/incremental/dataflow.ts';
import { StateReader } from '../../operators/incremental/state/state-reader.ts';
import { StateWriter } from '../../operators/incremental/state/state-writer.ts';

const writer = new StateWriter();

/** What a tick was told, as a text for its record: so that it is told the same when it runs again. */
export const answerText = (answers: readonly Answer[]): string => {
  writer.value(answers);
  return Buffer.from(writer.take()).toString('base64');
};

export const answersOf = (text: string): readonly Answer[] =>
  new StateReader(Buffer.from(text, 'base64')).value() as readonly Answer[];
