import type { SourceSection } from '../../config/pipeline-file.ts';
import type { Batch } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Rereader, Sink } from '../../core/connector.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import { isAboutRows } from '../../pipeline/dead-letters.ts';
import { standsAlone } from '../../pipeline/group.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { openProcesses } from '../open-processes.ts';
import { pipelineOperators, sourceOperators } from '../pipeline-operators.ts';
import { messageOf, type UnreadableLine } from '../unreadable-line.ts';
import type { ChosenLetters } from './chosen-letters.ts';
import { openReplaySink, type Replay, replayContext, replayLane } from './replay.ts';

/** Reads messages with the file's settings of today, takes them through the pipeline's steps, and writes them to all of its sinks. */
export const replayMessages = async (
  chosen: ChosenLetters,
  letters: readonly UnreadableLine[],
  call: CommandCall,
  { replayed, refused }: Replay,
): Promise<void> => {
  const context = replayContext(chosen, call);
  await using opened = new AsyncDisposableStack();
  const sinks: Sink[] = [];
  for (const { name } of chosen.pipeline.sinks) {
    sinks.push(opened.use(await openReplaySink(chosen, name, context)));
  }
  for (const [place, of] of Map.groupBy(letters, ({ source }) => source)) {
    const section = chosen.pipeline.sources[place];
    await using rereader = await openRereader(section, chosen.file, context);
    const operate = await operatorsOf(chosen, section!);
    for (const letter of of) {
      const { id } = letter;
      try {
        const changes = await rereader.read(messageOf(letter));
        const batch = await operate({ changes, positions: new Map([[replayLane, position(id)]]), version: id });
        for (const sink of sinks) await write(sink, batch);
      } catch (error) {
        const reason = isMillraceError(error, 'KAFKA_MESSAGE_UNREADABLE') ? error.cause : error;
        if (!isMillraceError(reason) || !isAboutMessage(reason)) throw error;
        refused({ id, code: reason.code, message: reason.message });
        continue;
      }
      // Written before it is settled: a kill in between writes the same rows once more.
      await replayed(id);
    }
  }
};

/** Whether it is the letter's own fault, so that the next one is tried. */
const isAboutMessage = (error: MillraceError): boolean =>
  isAboutRows(error) || error.code.startsWith('FORMAT_') || error.code === 'REDIS_KEY_UNREADABLE';

const openRereader = async (section: SourceSection | undefined, file: string, context: Context): Promise<Rereader> => {
  if (section?.connector.openRereader === undefined) throw new MillraceError('DLQ_NO_SOURCE', { file });
  return await section.connector.openRereader(section.config as never, context);
};

/** Everything that the file has between this source and the sinks. */
const operatorsOf = async (
  { pipeline }: ChosenLetters,
  section: SourceSection,
): Promise<(batch: Batch) => Promise<Batch>> => {
  const own = sourceOperators(section.frame);
  const all = await pipelineOperators(pipeline, systemClock);
  const step = await openProcesses(pipeline, { clock: systemClock, deadLetters: null });
  return async (batch) => {
    const operated = own.reduce((result, operator) => operator(result), batch);
    const stepped = step === null ? operated : await step.apply(operated, new AbortController().signal);
    return all.reduce((result, operator) => operator(result), stepped);
  };
};

/** At once where the batch is rows alone; DDL and TRUNCATE are written on their own, and the letter's id with the last. */
const write = async (sink: Sink, batch: Batch): Promise<void> => {
  const { signal } = new AbortController();
  if (!standsAlone(batch)) return await sink.write(batch, signal);
  const { changes, positions, version } = batch;
  for (const [at, change] of changes.entries()) {
    const alone: readonly Change[] = [change];
    await sink.write({ changes: alone, positions: at === changes.length - 1 ? positions : new Map(), version }, signal);
  }
};
