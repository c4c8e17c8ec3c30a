import type { PipelineFile } from '../../config/pipeline-file.ts';
import { placeName } from '../../config/source-text.ts';
import type { RowTest } from '../../config/tests-section.ts';
import { isMillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { type RowTestResult, runRowTest } from '../row-test.ts';

interface Outcome extends RowTestResult {
  readonly pipeline: string;
  readonly place: string;
}

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const outcomes: Outcome[] = [];
  for (const { pipelines } of loaded)
    for (const pipeline of pipelines) for (const test of pipeline.tests) outcomes.push(await outcomeOf(pipeline, test));
  const failed = outcomes.filter(({ passed }) => !passed).length;
  if (format === 'json')
    await terminal.print(envelope('test', { tests: outcomes, passed: outcomes.length - failed, failed }));
  else {
    for (const { pipeline, name, passed, place, difference } of outcomes) {
      const mark = passed ? terminal.paintData('green', '✔') : terminal.paintData('red', '✘');
      await terminal.print(`${mark} ${pipeline}: ${name}${passed ? '' : `  ${place}`}\n`);
      if (!passed) for (const each of difference) await terminal.print(`    ${painted(each, terminal.paintData)}\n`);
    }
    if (!call.flag('quiet')) terminal.say(`${outcomes.length - failed} passed, ${failed} failed`);
    if (outcomes.length === 0) terminal.say('no file has a `tests` section; docs/config.md shows one');
  }
  return failed > 0 ? exitCode.different : exitCode.ok;
};

const painted = (line: string, paint: CommandCall['terminal']['paintData']): string => {
  const style = ({ '-': 'red', '+': 'green', '!': 'red' } as const)[line[0] as '-'];
  return style === undefined ? line : paint(style, line);
};

const outcomeOf = async (pipeline: PipelineFile, test: RowTest): Promise<Outcome> => {
  const of = { pipeline: pipeline.name, place: placeName(test.place) };
  try {
    return { ...of, ...(await runRowTest(pipeline, test)) };
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    return { ...of, name: test.name, passed: false, difference: [`! ${error.code} ${error.message}`] };
  }
};
