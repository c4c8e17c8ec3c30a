import type { TailRows } from '../../server/tail.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortCount } from '../figures.ts';
import { stopSignals } from '../stop-signals.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const [name = ''] = call.arguments;
  const limit = call.count('limit', 1) ?? Number.POSITIVE_INFINITY;
  const query = new URLSearchParams();
  for (const table of call.list('table')) query.append('table', table);
  for (const op of call.list('op')) query.append('op', op);
  const rate = call.count('rate', 1);
  if (rate !== null) query.append('rate', String(rate));
  using signals = stopSignals(() => {});
  const enough = new AbortController();
  let printed = 0;
  const events = new ApiClient(call).events(
    pipelinePath(name, `/tail?${query}`),
    AbortSignal.any([signals.stop, enough.signal]),
  );
  for await (const { data } of events) {
    const { rows, skipped } = data as TailRows;
    if (skipped > 0 && !call.flag('quiet')) terminal.say(`${shortCount(skipped)} rows left out: more than --rate`);
    for (const row of rows) {
      if (printed < limit) await terminal.print(`${JSON.stringify(row)}\n`);
      printed += 1;
    }
    if (printed >= limit) enough.abort();
  }
  return exitCode.ok;
};
