import { existsSync, writeFileSync } from 'node:fs';
import { fileReason } from '../../config/interpolate.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { type Template, templates } from '../templates.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const sinks = connectors.filter(({ roles }) => roles.includes('sink')).map(({ type }) => type);
  const offered = new Map<string, Template>(
    Object.entries(templates).filter(([, template]) => template.sinks.every((sink) => sinks.includes(sink))),
  );
  const [name] = call.arguments;
  if (name === undefined) {
    const list = [...offered].map(([template, { summary }]) => ({ template, summary }));
    if (format === 'json') await terminal.print(envelope('init', { templates: list }));
    else {
      await terminal.print(
        `${textTable(
          [],
          list.map(({ template, summary }) => [template, summary]),
        )}\n`,
      );
      terminal.say('write one with `millrace init TEMPLATE`');
    }
    return exitCode.ok;
  }
  const template = offered.get(name);
  if (!template) {
    const known = [...offered.keys()];
    throw new MillraceError('CLI_UNKNOWN_TEMPLATE', { template: name, known, suggestion: nearestName(name, known) });
  }
  const file = call.text('to') ?? `${name}.yaml`;
  if (file === '-') {
    await terminal.print(template.text);
    return exitCode.ok;
  }
  if (existsSync(file) && !call.flag('force')) throw new MillraceError('CLI_FILE_EXISTS', { file });
  try {
    writeFileSync(file, template.text);
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file, reason: fileReason(error) });
  }
  if (format === 'json') await terminal.print(envelope('init', { file, template: name }));
  else {
    await terminal.print(`${file}\n`);
    terminal.say(`next: millrace lint ${file}, then millrace doctor ${file}, then millrace run ${file}`);
  }
  return exitCode.ok;
};
