import type { PipelineStatus } from '../pipeline/pipeline.ts';
import { shortBytes, shortCount, shortMs } from './figures.ts';
import type { Terminal } from './terminal.ts';

export const healthColors = {
  running: 'green',
  snapshotting: 'cyan',
  degraded: 'yellow',
  stalled: 'red',
  paused: 'yellow',
  failed: 'red',
} as const;

/** One line of progress: health, lag, the four speeds, what is durable, and what went wrong. */
export const statusLine = (status: PipelineStatus, paint: Terminal['paint']): string => {
  const { name, health, reason, speeds, totals, lag, snapshotting } = status;
  const speed = (label: string, point: keyof typeof speeds): string =>
    `${label} ${shortCount(speeds[point].rowsPerSecond)}/s`;
  return [
    name,
    paint(healthColors[health], health),
    `lag ${shortMs(lag.currentMs)}`,
    speed('S_r', 'receive'),
    speed('S_h', 'process'),
    speed('S_p', 'push'),
    speed('S_sync', 'sync'),
    `${shortCount(totals.sync.rows)} rows`,
    shortBytes(totals.sync.bytes),
    ...(snapshotting?.length ? [`snapshot of ${snapshotting.slice(0, 3).join(', ')}`] : []),
    ...(status.retries > 0 ? [`retries ${status.retries}`] : []),
    ...(status.deadLetters > 0 ? [`dead letters ${status.deadLetters}`] : []),
    ...(reason === null ? [] : [reason]),
  ].join('  ');
};

/** The same for a program. */
export const statusObject = (status: PipelineStatus) => ({
  pipeline: status.name,
  health: status.health,
  reason: status.reason,
  lag: status.lag,
  speeds: status.speeds,
  totals: status.totals,
  retries: status.retries,
  deadLetters: status.deadLetters,
  positions: Object.fromEntries(status.positions),
  tables: Object.fromEntries(status.tables),
});
