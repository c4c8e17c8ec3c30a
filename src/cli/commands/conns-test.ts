import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { examine } from '../examination.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { addressOf, pipelineEnds } from '../file-ends.ts';
import { checkedFiles } from '../pipeline-files.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const loaded = await checkedFiles(call);
  if (loaded === null) return exitCode.configInvalid;
  const redact = (text: string): string => loaded.reduce((result, file) => file.redact(result), text);
  const results = await Promise.all(
    pipelineEnds(loaded).map(async (end) => {
      const { connector, config, name } = end.section;
      const started = performance.now();
      const { problems } = await examine({ name, pipeline: end.pipeline.name, connector, config }, redact);
      const error = problems.find(({ severity }) => severity === 'error') ?? null;
      return {
        pipeline: end.pipeline.name,
        role: end.role,
        name,
        type: connector.type,
        address: redact(addressOf(end)),
        ok: error === null,
        ms: Math.round(performance.now() - started),
        error,
      };
    }),
  );
  if (format === 'json') await terminal.print(envelope('conns test', { ends: results }));
  else {
    const rows = results.map(({ pipeline, role, name, address, ok, ms, error }) => [
      `${ok ? '✔' : '✘'} ${pipeline}`,
      role,
      name,
      address,
      ok ? `${ms} ms` : `${error!.code} ${error!.message}`,
    ]);
    await terminal.print(`${textTable(['  PIPELINE', 'END', 'NAME', 'WHERE', 'ANSWER'], rows)}\n`);
  }
  return results.every(({ ok }) => ok) ? exitCode.ok : exitCode.checkFailed;
};
