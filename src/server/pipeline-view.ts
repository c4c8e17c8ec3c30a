import type { LogFigures, QueryFigures, SnapshotProgress } from '../core/operating.ts';
import type { Health } from '../pipeline/health.ts';
import type { Lag } from '../pipeline/lag-meter.ts';
import type { PipelineStatus } from '../pipeline/pipeline.ts';
import type { Speeds, TableCounts } from '../pipeline/progress.ts';
import type { VerificationView } from './verification-board.ts';

/** What somebody asked a pipeline to be; kept over restarts of `serve`. */
export type Desired = 'running' | 'paused' | 'stopped';

/** A pipeline as the API, the command line, the metrics and the console show it. Plain JSON. */
export interface PipelineView extends StatusObject {
  /** The file it came from; null: none. */
  readonly file: string | null;
  readonly desired: Desired;
  readonly process: ProcessView;
  /** What `millrace verify --report` told of it since the server began, a comparison for each sink. */
  readonly verifications: readonly VerificationView[];
}

export interface ProcessView {
  /** Null: no process runs. */
  readonly pid: number | null;
  /** When it was started, as ISO 8601; null: never. */
  readonly startedAt: string | null;
  /** How often it was started again since `serve` began. */
  readonly restarts: number;
  /** Why the one before it ended; null: there was none. */
  readonly lastEnd: string | null;
}

/** What the process of a pipeline says of it. */
export interface StatusObject {
  readonly name: string;
  readonly health: Health;
  readonly reason: string | null;
  /** The code of the error behind the reason; null: none. */
  readonly code: string | null;
  readonly lag: Lag;
  readonly latency: PipelineStatus['latency'];
  readonly sinks: PipelineStatus['sinks'];
  readonly sourceIdleMs: number;
  readonly speeds: Speeds;
  readonly totals: PipelineStatus['totals'];
  readonly retries: number;
  readonly deadLetters: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly connected: boolean;
  /** The source had no more, and every sink holds all of it. */
  readonly finished: boolean;
  readonly positions: Readonly<Record<string, string>>;
  readonly logs: readonly LogFigures[];
  readonly snapshot: SnapshotProgress | null;
  /** How its queries stand; left out: it has none whose windows close, or nothing is being read. */
  readonly query?: QueryFigures;
  /** Tables whose snapshot is asked for, under way, or not durable yet; null: not known, because nothing is being read yet. */
  readonly snapshotting: readonly string[] | null;
  readonly tables: Readonly<Record<string, TableCounts>>;
  /** Snapshots of tables that began, by why; those without marks do not count. */
  readonly snapshots: Readonly<Record<string, number>>;
  readonly rssBytes: number | null;
  /** What was found of rows a while after they changed, by sink and age; empty: `consistency.sample-rate` is 0. */
  readonly consistency: readonly SampledView[];
}

/** Since the process of the pipeline began. */
export interface SampledView {
  readonly sink: string;
  readonly ageSeconds: number;
  readonly checked: number;
  readonly violations: number;
  readonly undecided: number;
}

export const statusObject = (
  status: PipelineStatus,
  redact: (text: string) => string,
  rssBytes: number | null,
  consistency: readonly SampledView[],
): StatusObject => ({
  name: status.name,
  health: status.health,
  reason: status.reason === null ? null : redact(status.reason),
  code: status.code,
  lag: status.lag,
  latency: status.latency,
  sinks: status.sinks,
  sourceIdleMs: status.sourceIdleMs,
  speeds: status.speeds,
  totals: status.totals,
  retries: status.retries,
  deadLetters: status.deadLetters,
  errors: Object.fromEntries(status.errors),
  connected: status.connected,
  finished: status.finished,
  positions: Object.fromEntries(status.positions),
  logs: status.logs,
  snapshot: status.snapshot,
  ...(status.query === null ? {} : { query: status.query }),
  snapshotting: status.snapshotting,
  tables: Object.fromEntries(status.tables),
  snapshots: Object.fromEntries(status.snapshots),
  rssBytes,
  consistency,
});

const still = { rowsPerSecond: 0, bytesPerSecond: 0 };
const none = { rows: 0, bytes: 0 };

/** A pipeline of which no process tells anything. */
export const silentStatus = (name: string, health: Health, reason: string, code: string | null): StatusObject => ({
  name,
  health,
  reason,
  code,
  lag: { currentMs: 0, maxMs: 0, p99Ms: 0 },
  latency: { steps: [], count: 0, sumSeconds: 0 },
  sinks: [],
  sourceIdleMs: 0,
  speeds: { receive: still, process: still, push: still, sync: still },
  totals: { receive: none, process: none, push: none, sync: none },
  retries: 0,
  deadLetters: 0,
  errors: {},
  connected: false,
  finished: false,
  positions: {},
  logs: [],
  snapshot: null,
  snapshotting: null,
  tables: {},
  snapshots: {},
  rssBytes: null,
  consistency: [],
});

/** Whether somebody should look. A pause was asked for, so it is no failure. */
export const isHealthy = (health: Health): boolean =>
  health === 'running' || health === 'snapshotting' || health === 'paused';

/**
 * How long the source's log will still hold what is not durable yet, when nothing moves from now on; null: the log is not deleted by age,
 * or the source did not say. The held place is as old as its lag, and older by the time since the source last said anything.
 */
export const retentionMarginMs = (view: StatusObject): number | null => {
  const kept = view.logs.flatMap(({ retentionSeconds }) => (retentionSeconds === null ? [] : [retentionSeconds]));
  if (kept.length === 0) return null;
  return Math.min(...kept) * 1000 - view.lag.currentMs - view.sourceIdleMs;
};
