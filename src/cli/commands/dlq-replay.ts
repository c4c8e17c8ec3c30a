import type { Sink } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { position } from '../../core/position.ts';
import { isAboutRows } from '../../pipeline/dead-letters.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CommandCall } from '../command.ts';
import { DeadLetterFile } from '../dead-letter-file.ts';
import { changeOf, type DeadLetterLine } from '../dead-letter-line.ts';
import { type ChosenLetters, chosenLetters } from '../dlq/chosen-letters.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { logLevel, stderrLog } from '../stderr-log.ts';

/** The replay's own lane: the pipeline that runs meanwhile keeps its lanes. */
const lane = 'dead-letters';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const chosen = await chosenLetters(call, true);
  const file = new DeadLetterFile(chosen.path, systemClock);
  const replayed: string[] = [];
  const refused: { readonly id: string; readonly code: string; readonly message: string }[] = [];
  for (const [name, letters] of Map.groupBy(chosen.letters, ({ sink }) => sink)) {
    await using sink = await openSink(chosen, name, call);
    await sink.claim(lane);
    for (const letter of letters) {
      try {
        await write(sink, letter);
      } catch (error) {
        if (!isAboutRows(error)) throw error;
        const { code, message } = error as Error & { code: string };
        refused.push({ id: letter.id, code, message });
        continue;
      }
      // Written before it is settled: a kill in between writes the same row once more.
      await file.settle(letter.id, 'replayed');
      replayed.push(letter.id);
    }
  }
  if (call.format === 'json') await call.terminal.print(envelope('dlq replay', { replayed, refused }));
  else {
    for (const { id, message } of refused) call.terminal.say(`${id}  ${message}`);
    if (!call.flag('quiet')) call.terminal.say(`${replayed.length} replayed, ${refused.length} refused again`);
  }
  return refused.length === 0 ? exitCode.ok : exitCode.failed;
};

const openSink = async ({ pipeline, file, redact }: ChosenLetters, name: string, call: CommandCall): Promise<Sink> => {
  const section = pipeline.sinks.find((sink) => sink.name === name);
  if (section === undefined) throw new MillraceError('DLQ_NO_SINK', { file, sink: name });
  const { terminal } = call;
  const log = stderrLog(
    { format: 'pretty', level: logLevel(call), prefix: null, redact, now: () => new Date(), write: terminal.say },
    terminal.paint,
  );
  return await section.connector.openSink!(section.config as never, {
    pipeline: `${pipeline.name}.dlq`,
    log,
    clock: systemClock,
  });
};

const write = async (sink: Sink, letter: DeadLetterLine): Promise<void> => {
  const batch = { changes: [changeOf(letter)], positions: new Map([[lane, position(letter.id)]]), version: letter.id };
  await sink.write(batch, new AbortController().signal);
};
