import type { Context, Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { logLevel, stderrLog } from '../stderr-log.ts';
import type { ChosenLetters } from './chosen-letters.ts';

/** The replay's own lane: the pipeline that runs meanwhile keeps its lanes. */
export const replayLane = 'dead-letters';

export interface RefusedAgain {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** What became of each letter. */
export interface Replay {
  /** Written; its line says so. */
  replayed(id: string): Promise<void>;
  refused(letter: RefusedAgain): void;
}

/** What connectors are given during a replay: a pipeline of another name, so that no place of the running one is touched. */
export const replayContext = ({ pipeline, redact }: ChosenLetters, call: CommandCall): Context => {
  const { terminal } = call;
  const log = stderrLog(
    { format: 'pretty', level: logLevel(call), prefix: null, redact, now: () => new Date(), write: terminal.say },
    terminal.paint,
  );
  return { pipeline: `${pipeline.name}.dlq`, log, clock: systemClock };
};

/** Opens a sink and takes the replay's lane of it. */
export const openReplaySink = async (chosen: ChosenLetters, name: string, context: Context): Promise<Sink> => {
  const section = chosen.pipeline.sinks.find((sink) => sink.name === name);
  if (section === undefined) throw new MillraceError('DLQ_NO_SINK', { file: chosen.file, sink: name });
  const sink = await section.connector.openSink!(section.config as never, context);
  try {
    await sink.claim(replayLane);
    return sink;
  } catch (error) {
    await sink[Symbol.asyncDispose]();
    throw error;
  }
};
