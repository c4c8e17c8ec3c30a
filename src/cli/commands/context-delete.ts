import type { CommandCall } from '../command.ts';
import { confirm } from '../confirm.ts';
import { contextNamed, readContexts, writeContexts } from '../contexts.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { env, terminal, format } = call;
  const [name] = call.arguments as [string];
  const { current, contexts } = readContexts(env);
  const { url } = contextNamed({ current, contexts }, name);
  await confirm(call, `${name} is forgotten, and its token is nowhere else on this machine`, name);
  const { [name]: _gone, ...rest } = contexts;
  writeContexts(env, { current: current === name ? null : current, contexts: rest });
  if (format === 'json') await terminal.print(envelope('context delete', { context: name, url }));
  else {
    await terminal.print(`${name}  ${url}\n`);
    terminal.say(`its token is gone from this machine; undo: millrace context add ${name} ${url} --token-file FILE`);
  }
  return exitCode.ok;
};
