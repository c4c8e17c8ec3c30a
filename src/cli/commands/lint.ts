import { diagnosticObject } from '../../config/diagnostic-object.ts';
import type { LoadedFile } from '../../config/pipeline-file.ts';
import type { CommandCall } from '../command.ts';
import { diagnosticText } from '../diagnostic-text.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { loadFiles } from '../pipeline-files.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await loadFiles(call);
  const count = (severity: 'error' | 'warning'): number =>
    loaded.flatMap(({ diagnostics }) => diagnostics).filter((diagnostic) => diagnostic.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];

  if (format === 'json') {
    await terminal.print(envelope('lint', { files: loaded.map(fileObject), errors, warnings }));
  } else {
    for (const file of loaded) {
      for (const diagnostic of file.diagnostics) {
        await terminal.print(`${diagnosticText(file, diagnostic, terminal.paintData)}\n`);
      }
      if (file.diagnostics.length === 0) await terminal.print(`${file.file}  ok\n`);
    }
    if (!call.flag('quiet'))
      terminal.say(`${counted(loaded.length, 'file')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
  }
  return errors > 0 || (warnings > 0 && call.flag('deny-warnings')) ? exitCode.configInvalid : exitCode.ok;
};

const fileObject = (file: LoadedFile) => ({
  file: file.file,
  ok: file.diagnostics.every(({ severity }) => severity === 'warning'),
  diagnostics: file.diagnostics.map((diagnostic) => diagnosticObject(file, diagnostic)),
});

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
