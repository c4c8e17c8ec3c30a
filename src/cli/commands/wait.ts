import { setTimeout as sleep } from 'node:timers/promises';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import type { PipelineView } from '../../server/pipeline-view.ts';
import { ApiClient, pipelinePath } from '../api-client.ts';
import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortMs } from '../figures.ts';
import { milliseconds } from '../milliseconds.ts';

const everyMs = 250;

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const client = new ApiClient(call);
  const [name = ''] = call.arguments;
  const condition = call.text('for') ?? 'healthy';
  const holds = conditionOf(condition);
  const timeoutMs = milliseconds('--timeout', call.text('timeout') ?? '5min');
  const deadline = performance.now() + timeoutMs;
  let now = 'not reached';
  for (;;) {
    try {
      const view = await client.get<PipelineView>(pipelinePath(name));
      now = `${view.health}, lag ${shortMs(view.lag.currentMs)}${view.reason === null ? '' : `: ${view.reason}`}`;
      if (holds(view)) {
        if (call.format === 'json') await call.terminal.print(envelope('wait', { condition, pipeline: view }));
        else await call.terminal.print(`${name} is ${now}\n`);
        return exitCode.ok;
      }
    } catch (error) {
      if (!isMillraceError(error, 'API_UNREACHABLE')) throw error;
      now = error.message;
    }
    if (performance.now() + everyMs > deadline) {
      const seconds = Math.round(timeoutMs / 1000);
      throw new MillraceError('WAIT_TIMED_OUT', { pipeline: name, condition, seconds, now });
    }
    await sleep(everyMs);
  }
};

const conditionOf = (text: string): ((view: PipelineView) => boolean) => {
  const moves = ({ health, connected, finished }: PipelineView): boolean =>
    finished || (connected && (health === 'running' || health === 'snapshotting'));
  const [, limit] = /^lag\s*<\s*(.+)$/.exec(text) ?? [];
  if (limit !== undefined) {
    const most = milliseconds('--for', limit);
    return (view) => moves(view) && view.lag.currentMs < most;
  }
  switch (text) {
    case 'healthy':
      return moves;
    case 'paused':
    case 'stopped':
      return ({ desired, connected }) => desired === text && !connected;
    case 'snapshot-done':
      return (view) => moves(view) && view.snapshotting?.length === 0 && (view.snapshot?.tables.length ?? 0) === 0;
  }
  const reason = `${text} is no condition: healthy, paused, stopped, snapshot-done, or lag<5s`;
  throw new MillraceError('CLI_OPTION_VALUE', { option: '--for', reason });
};
