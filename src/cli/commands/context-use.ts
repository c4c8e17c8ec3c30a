import type { CommandCall } from '../command.ts';
import { contextNamed, readContexts, writeContexts } from '../contexts.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { env, terminal, format } = call;
  const [name] = call.arguments as [string];
  const all = readContexts(env);
  const { url } = contextNamed(all, name);
  writeContexts(env, { ...all, current: name });
  if (format === 'json') await terminal.print(envelope('context use', { context: name, url, before: all.current }));
  else {
    await terminal.print(`${name}  ${url}\n`);
    if (all.current !== null && all.current !== name) terminal.say(`undo: millrace context use ${all.current}`);
  }
  return exitCode.ok;
};
