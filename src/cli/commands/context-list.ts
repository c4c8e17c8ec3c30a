import type { CommandCall } from '../command.ts';
import { contextsFile, readContexts } from '../contexts.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { env, terminal, format } = call;
  const { current, contexts } = readContexts(env);
  const rows = Object.entries(contexts).map(([name, { url, token, ca }]) => ({
    context: name,
    current: name === current,
    url,
    hasToken: token !== null,
    ca,
  }));
  if (format === 'json') await terminal.print(envelope('context list', { file: contextsFile(env), contexts: rows }));
  else {
    const cells = rows.map((row) => [
      row.current ? '*' : '',
      row.context,
      row.url,
      row.hasToken ? 'yes' : 'no',
      row.ca ?? '-',
    ]);
    await terminal.print(`${textTable(['', 'context', 'url', 'token', 'ca'], cells)}\n`);
    if (rows.length === 0) terminal.say('add one with `millrace context add NAME URL`');
  }
  return exitCode.ok;
};
