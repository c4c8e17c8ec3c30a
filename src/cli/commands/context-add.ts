import { resolve } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { apiToken } from '../api-token.ts';
import type { CommandCall } from '../command.ts';
import { readContexts, writeContexts } from '../contexts.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { env, terminal, format } = call;
  const [name, url] = call.arguments as [string, string];
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    const reason = `${url} is no http or https address`;
    throw new MillraceError('CLI_ARGUMENTS', { command: 'millrace context add', reason });
  }
  const { current, contexts } = readContexts(env);
  const ca = call.text('api-ca');
  const context = { url, token: apiToken(call), ca: ca === null ? null : resolve(ca) };
  // The first one is meant to be used.
  writeContexts(env, { current: current ?? name, contexts: { ...contexts, [name]: context } });
  if (format === 'json')
    await terminal.print(envelope('context add', { context: name, url, current: current ?? name }));
  else {
    await terminal.print(`${name}  ${url}\n`);
    terminal.say(current === null ? `${name} is used from now on` : `use it with \`millrace context use ${name}\``);
  }
  return exitCode.ok;
};
