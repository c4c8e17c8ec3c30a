import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type ConvertedTool, convertFile } from '../../config/convert/convert-file.ts';
import type { Draft } from '../../config/convert/draft.ts';
import { fileReason } from '../../config/interpolate.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

/** Each `convert TOOL`: the tool is the command's last word. */
export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format, spec } = call;
  const tool = spec.name.split(' ').at(-1) as ConvertedTool;
  const offsets = call.text('offsets');
  const draft = await convertFile(tool, call.arguments.map(read), {
    connectors,
    offsets: offsets === null ? null : read(offsets),
  });
  const text = draft.toYaml();
  if (format === 'json')
    await terminal.print(envelope(spec.name, { file: text, secrets: secretsOf(draft) }, draft.findings));
  else {
    await terminal.print(text);
    if (!call.flag('quiet')) {
      const left = draft.findings.filter(({ kind }) => kind === 'left').length;
      const changed = draft.findings.length - left;
      terminal.say(`${left} without counterpart, ${changed} with a difference: the end of the file names them`);
      for (const { variable, from } of secretsOf(draft)) terminal.say(`set ${variable} to what ${from} was`);
    }
  }
  return exitCode.ok;
};

const secretsOf = (draft: Draft) => [...draft.secrets].map(([variable, { key }]) => ({ variable, from: key }));

const read = (path: string): { readonly name: string; readonly text: string } => {
  try {
    return { name: basename(path), text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new MillraceError('CONFIG_UNREADABLE', { file: path, reason: fileReason(error) });
  }
};
