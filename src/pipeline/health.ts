import type { Clock } from '../core/clock.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Progress } from './progress.ts';

/** The one computed state that the command line, API, console and metrics all show. */
export type Health = 'running' | 'snapshotting' | 'degraded' | 'stalled' | 'paused' | 'failed';

export interface HealthReport {
  readonly health: Health;
  /** Why, when it is neither running nor snapshotting. */
  readonly reason: string | null;
  /** The code of the error behind the reason; null: no error, or one without a code. */
  readonly code: string | null;
}

/** What the run loop knows beside the progress. */
export interface RunState {
  /** The run is over without a failure; null: it is not. */
  readonly ended: 'finished' | 'stopped' | null;
  readonly failure: Error | null;
  readonly paused: boolean;
  /** The error being retried, until something has become durable again. */
  readonly trouble: Error | null;
  /** The source is open and being read. */
  readonly reading: boolean;
  /** Some table's snapshot is under way. */
  readonly snapshotting: boolean;
}

export const healthOf = (
  state: RunState,
  progress: Progress,
  clock: Clock,
  limits: { readonly stalledAfterMs: number; readonly silentAfterMs: number | null },
): HealthReport => {
  if (state.failure !== null) return { health: 'failed', ...because(state.failure) };
  if (state.ended === 'finished') return { health: 'paused', reason: 'done: the source has no more', code: null };
  if (state.ended === 'stopped') return { health: 'paused', reason: 'stopped on request', code: null };
  if (state.paused) return { health: 'paused', reason: 'paused on request', code: null };
  if (state.trouble !== null) return { health: 'degraded', ...because(state.trouble) };

  const now = clock.monotonic();
  const { pendingSinceMs, lastReceivedMs } = progress;
  if (pendingSinceMs !== null && now - pendingSinceMs >= limits.stalledAfterMs) {
    return { health: 'stalled', reason: `no sink write has ended for ${seconds(now - pendingSinceMs)}`, code: null };
  }
  const silentMs = now - lastReceivedMs;
  if (!state.reading && silentMs >= limits.stalledAfterMs) {
    return { health: 'stalled', reason: `still opening after ${seconds(silentMs)}`, code: null };
  }
  if (limits.silentAfterMs !== null && pendingSinceMs === null && silentMs >= limits.silentAfterMs) {
    return {
      health: 'stalled',
      reason: `the source sent nothing, not even a heartbeat, for ${seconds(silentMs)}`,
      code: null,
    };
  }
  return { health: state.snapshotting ? 'snapshotting' : 'running', reason: null, code: null };
};

const because = (error: Error): Pick<HealthReport, 'reason' | 'code'> => ({
  reason: error.message,
  code: isMillraceError(error) ? error.code : null,
});

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
