import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../api-client.ts';
import { askedPipelines } from '../asked-pipelines.ts';
import type { CommandCall } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { speedTable } from '../pipeline-lines.ts';
import { stopSignals } from '../stop-signals.ts';

const everyMs = 1_000;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal } = call;
  const client = new ApiClient(call);
  const count = call.count('count', 1) ?? Number.POSITIVE_INFINITY;
  using signals = stopSignals(() => {});
  for (let shown = 0; shown < count && !signals.stop.aborted; shown += 1) {
    if (shown > 0) await sleep(everyMs, undefined, { signal: signals.stop }).catch(() => {});
    if (signals.stop.aborted) break;
    const pipelines = await askedPipelines(client, []);
    const time = new Date().toISOString();
    if (call.format === 'jsonl') {
      for (const { name, health, speeds, lag } of pipelines) {
        await terminal.print(`${JSON.stringify({ time, name, health, speeds, lag })}\n`);
      }
      continue;
    }
    // Over the last one on a screen, below it elsewhere.
    const clear = terminal.live && count > 1 ? '\x1b[H\x1b[2J' : '';
    await terminal.print(`${clear}${time.slice(11, 19)}\n${speedTable(pipelines, terminal.paintData)}\n`);
  }
  return exitCode.ok;
};
