import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { addressOf, pipelineEnds } from '../file-ends.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const redact = (text: string): string => loaded.reduce((result, file) => file.redact(result), text);
  const rows = pipelineEnds(loaded).map((end) => ({
    pipeline: end.pipeline.name,
    role: end.role,
    name: end.section.name,
    type: end.section.connector.type,
    connection: end.section.frame.use ?? null,
    address: redact(addressOf(end)),
  }));
  if (format === 'json') await terminal.print(envelope('conns list', { ends: rows }));
  else {
    const cells = rows.map(({ pipeline, role, name, type, connection, address }) => [
      pipeline,
      role,
      name,
      type,
      connection ?? '',
      address,
    ]);
    await terminal.print(`${textTable(['PIPELINE', 'END', 'NAME', 'TYPE', 'CONNECTION', 'WHERE'], cells)}\n`);
  }
  return exitCode.ok;
};
