import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../../server/log-ring.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { logText } from '../stderr-log.ts';
import { stopSignals } from '../stop-signals.ts';

const everyMs = 500;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const client = new ApiClient(call);
  const [name = ''] = call.arguments;
  const limit = call.count('limit', 1) ?? 200;
  using signals = stopSignals(() => {});
  let since = 0;
  do {
    if (since > 0) await sleep(everyMs, undefined, { signal: signals.stop }).catch(() => {});
    const path = pipelinePath(name, `/logs?limit=${since > 0 ? 1_000 : limit}&since=${since}`);
    const { lines, next } = await client.get<{ lines: readonly LogLine[]; next: number }>(path);
    for (const line of lines) {
      const text = call.format === 'jsonl' ? JSON.stringify(line) : logText(line, null, terminal.paintData);
      await terminal.print(`${text}\n`);
    }
    since = next;
  } while (call.flag('follow') && !signals.stop.aborted);
  return exitCode.ok;
};
