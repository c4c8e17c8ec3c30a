import { existsSync, writeFileSync } from 'node:fs';
import { fileReason } from '../../config/interpolate.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { askForFile } from '../init/ask-for-file.ts';
import { openAsker } from '../init/asker.ts';
import type { Interview } from '../init/interview.ts';
import { type Template, templates } from '../templates.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const [name] = call.arguments;
  const asks = process.stdin.isTTY && call.terminal.live && call.format === 'human' && !call.flag('list');
  if (name !== undefined) return await writeTemplate(call, name);
  return asks ? await askAndWrite(call) : await listTemplates(call);
};

const offeredTemplates = (): ReadonlyMap<string, Template> => {
  const sinks = connectors.filter(({ roles }) => roles.includes('sink')).map(({ type }) => type);
  return new Map(
    Object.entries(templates).filter(([, template]) => template.sinks.every((sink) => sinks.includes(sink))),
  );
};

const listTemplates = async ({ terminal, format, text }: CommandCall): Promise<ExitCode> => {
  if (text('to') !== null) {
    const reason = 'with --to it takes a TEMPLATE where there is no terminal to ask on';
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace init', reason });
  }
  const list = [...offeredTemplates()].map(([template, { summary }]) => ({ template, summary }));
  if (format === 'json') await terminal.print(envelope('init', { templates: list }));
  else {
    const rows = list.map(({ template, summary }) => [template, summary]);
    await terminal.print(`${textTable([], rows)}\n`);
    terminal.say('write one with `millrace init TEMPLATE`; on a terminal, `millrace init` asks');
  }
  return exitCode.ok;
};

const writeTemplate = async (call: CommandCall, name: string): Promise<ExitCode> => {
  const { terminal, format } = call;
  const offered = offeredTemplates();
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
  write(file, template.text);
  if (format === 'json') await terminal.print(envelope('init', { file, template: name }));
  else {
    await terminal.print(`${file}\n`);
    sayNext(call, file);
  }
  return exitCode.ok;
};

const askAndWrite = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, env } = call;
  using asker = openAsker(process.stdin, terminal.stderr);
  const interview: Interview = { asker, paint: terminal.paint, env, secrets: new Map() };
  asker.say(
    'A pipeline, question by question. Enter takes what is in brackets; Ctrl-C ends it, and nothing is written.',
  );
  try {
    const { file, text } = await askForFile(interview, { to: call.text('to'), force: call.flag('force') });
    if (file === '-') {
      await terminal.print(text);
      return exitCode.ok;
    }
    write(file, text);
    await terminal.print(`${file}\n`);
    for (const [variable, { of }] of interview.secrets)
      asker.say(`before it runs, set ${variable} to the password of ${of}: it is not in the file`);
    sayNext(call, file);
    return exitCode.ok;
  } catch (error) {
    if (!asker.givenUp.aborted) throw error;
    asker.say('nothing was written');
    return exitCode.interrupted;
  }
};

const write = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file, reason: fileReason(error) });
  }
};

const sayNext = ({ terminal }: CommandCall, file: string): void =>
  terminal.say(`next: millrace lint ${file}, then millrace doctor ${file}, then millrace run ${file}`);
