import type { DurationCounts } from '../pipeline/duration-histogram.ts';
import type { Health } from '../pipeline/health.ts';
import { isHealthy, type PipelineView, retentionMarginMs } from './pipeline-view.ts';
import { verdicts } from './verification-board.ts';

/** One figure: its labels beside `pipeline`, and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram: what follows the metric's name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Everything about a metric. `/metrics` and docs/metrics.md are made from the table below, so neither can say what the other does not. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** What a Debezium user knows it as; null: Debezium has nothing like it. */
  readonly debezium: string | null;
  samples(view: PipelineView): readonly Sample[];
}

const ofSource = (source: string, value: number | null): readonly Sample[] =>
  value === null ? [] : [{ labels: { source }, value }];

const figure = (labels: Sample['labels'], value: number | null): readonly Sample[] =>
  value === null ? [] : [{ labels, value }];

const one = (value: number | null): readonly Sample[] => (value === null ? [] : [{ labels: {}, value }]);

/** Prometheus's steps hold everything below them, too. */
const histogram = (
  { steps, count, sumSeconds }: DurationCounts,
  labels: Readonly<Record<string, string>>,
): readonly Sample[] => {
  let below = 0;
  return [
    ...steps.map(({ le, count: within }): Sample => {
      below += within;
      return { suffix: '_bucket', labels: { ...labels, le: String(le) }, value: below };
    }),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sumSeconds },
    { suffix: '_count', labels, value: count },
  ];
};

/** The four speeds by their points: receive S_r, process S_h, push S_p, sync S_sync. */
const points = ['receive', 'process', 'push', 'sync'] as const;

const healthWords: readonly Health[] = ['running', 'snapshotting', 'degraded', 'stalled', 'paused', 'failed'];

/** Tables beyond this many are counted together as `other`, so that a server of ten thousand tables does not flood Prometheus. */
const mostTables = 200;

const changeSamples = ({ tables }: PipelineView): readonly Sample[] => {
  const sums = new Map<string, Sample>();
  for (const [index, [name, counts]] of Object.entries(tables).entries()) {
    const table = index < mostTables ? name : 'other';
    for (const [op, count] of Object.entries(counts)) {
      if (count === 0) continue;
      const key = `${table}\0${op}`;
      sums.set(key, { labels: { table, op }, value: (sums.get(key)?.value ?? 0) + count });
    }
  }
  return [...sums.values()];
};

export const metricTable: readonly Metric[] = [
  {
    name: 'millrace_records_total',
    type: 'counter',
    help: 'Rows past each point: receive (S_r), process (S_h), push (S_p), sync (S_sync: durable in every sink). After a retry rows are received again.',
    debezium: 'TotalNumberOfEventsSeen',
    samples: ({ totals }) => points.map((stage) => ({ labels: { stage }, value: totals[stage].rows })),
  },
  {
    name: 'millrace_bytes_total',
    type: 'counter',
    help: 'Bytes of rows past each point, as the source sent them.',
    debezium: null,
    samples: ({ totals }) => points.map((stage) => ({ labels: { stage }, value: totals[stage].bytes })),
  },
  {
    name: 'millrace_changes_total',
    type: 'counter',
    help: 'Changes received, by table and kind (read is a row of a snapshot). The first 200 tables have labels of their own, the rest are `other`.',
    debezium: 'TotalNumberOfCreateEventsSeen, …Update…, …Delete…',
    samples: changeSamples,
  },
  {
    name: 'millrace_speed_records_per_second',
    type: 'gauge',
    help: 'The four speeds over the last 10 s: receive S_r, process S_h, push S_p, sync S_sync.',
    debezium: null,
    samples: ({ speeds }) => points.map((speed) => ({ labels: { speed }, value: speeds[speed].rowsPerSecond })),
  },
  {
    name: 'millrace_speed_bytes_per_second',
    type: 'gauge',
    help: 'The four speeds in bytes.',
    debezium: null,
    samples: ({ speeds }) => points.map((speed) => ({ labels: { speed }, value: speeds[speed].bytesPerSecond })),
  },
  {
    name: 'millrace_lag_seconds',
    type: 'gauge',
    help: 'From commit on the source to durable in every sink, now: the age of the oldest change that is under way or waits to be written again, or the lag of the last one that arrived. 0 on an idle source.',
    debezium: 'MilliSecondsBehindSource',
    samples: ({ lag }) => one(lag.currentMs / 1000),
  },
  {
    name: 'millrace_lag_max_seconds',
    type: 'gauge',
    help: 'The largest lag of the last 30 to 60 s.',
    debezium: 'MilliSecondsBehindSourceMaxValue',
    samples: ({ lag }) => one(lag.maxMs / 1000),
  },
  {
    name: 'millrace_lag_p99_seconds',
    type: 'gauge',
    help: 'The lag that 99 % of all writes of the last 30 to 60 s stayed within.',
    debezium: 'MilliSecondsBehindSourceP99',
    samples: ({ lag }) => one(lag.p99Ms / 1000),
  },
  {
    name: 'millrace_end_to_end_latency_seconds',
    type: 'histogram',
    help: 'From commit on the source to durable in every sink. Each batch counts once, by its oldest change; rows of snapshots do not count.',
    debezium: 'MilliSecondsBehindSourceP50, …P95, …P99',
    // Without a process there is nothing to tell.
    samples: ({ latency }) => (latency.steps.length === 0 ? [] : histogram(latency, {})),
  },
  {
    name: 'millrace_commit_duration_seconds',
    type: 'histogram',
    help: 'From the beginning of a write into a sink to its rows and position being durable.',
    debezium: null,
    samples: ({ sinks }) => sinks.flatMap(({ name, writes }) => histogram(writes, { sink: name })),
  },
  {
    name: 'millrace_queue_used_bytes',
    type: 'gauge',
    help: 'About what waits for a sink in memory, rows and the objects around them.',
    debezium: 'CurrentQueueSizeInBytes',
    samples: ({ sinks }) => sinks.map(({ name, queuedBytes }) => ({ labels: { sink: name }, value: queuedBytes })),
  },
  {
    name: 'millrace_queue_capacity_bytes',
    type: 'gauge',
    help: 'When this much waits for a sink the source is not read (`commit.max-bytes`); 0 while the sink is closed.',
    debezium: 'MaxQueueSizeInBytes',
    samples: ({ sinks }) => sinks.map(({ name, capacityBytes }) => ({ labels: { sink: name }, value: capacityBytes })),
  },
  {
    name: 'millrace_redis_memory_bytes',
    type: 'gauge',
    help: 'Memory of each server of a redis sink, as it last said: `used`, and `max`, which is 0 without a limit. Servers are asked at most every 10 s, and only while somebody asks for figures.',
    debezium: null,
    samples: ({ sinks }) =>
      sinks.flatMap(({ name, servers = [] }) =>
        servers.flatMap(({ server, usedBytes, maxBytes }) => [
          ...figure({ sink: name, server, kind: 'used' }, usedBytes),
          ...figure({ sink: name, server, kind: 'max' }, maxBytes),
        ]),
      ),
  },
  {
    name: 'millrace_redis_removed_keys_total',
    type: 'counter',
    help: 'Keys that each server of a redis sink removed by itself since it was started, its other keys included: `evicted` to make room, and `expired`. Rows that were evicted are missing from a mirror.',
    debezium: null,
    samples: ({ sinks }) =>
      sinks.flatMap(({ name, servers = [] }) =>
        servers.flatMap(({ server, evictedKeys, expiredKeys }) => [
          ...figure({ sink: name, server, cause: 'evicted' }, evictedKeys),
          ...figure({ sink: name, server, cause: 'expired' }, expiredKeys),
        ]),
      ),
  },
  {
    name: 'millrace_redis_answer_seconds',
    type: 'gauge',
    help: 'How long each server of a redis sink last took to answer a question, what was written before it included.',
    debezium: null,
    samples: ({ sinks }) =>
      sinks.flatMap(({ name, servers = [] }) =>
        servers.flatMap(({ server, answeredMs }) => figure({ sink: name, server }, answeredMs / 1_000)),
      ),
  },
  {
    name: 'millrace_redis_invalidations_total',
    type: 'counter',
    help: 'Keys that a redis sink removed or refreshed (`hot`) because MySQL changed or deleted their rows, by `mode` and by whether there was one (hit, nothing), since the sink was opened. A `mirror` that keeps finding nothing lacks rows, and a cache that never finds any has other keys than its readers. Not counted in a cluster.',
    debezium: null,
    samples: ({ sinks }) =>
      sinks.flatMap(({ name, keys = [] }) =>
        keys.flatMap(({ mode, hit, nothing }) => [
          { labels: { sink: name, mode, result: 'hit' }, value: hit },
          { labels: { sink: name, mode, result: 'nothing' }, value: nothing },
        ]),
      ),
  },
  {
    name: 'millrace_source_idle_seconds',
    type: 'gauge',
    help: 'Since the source last sent anything, heartbeats included.',
    debezium: 'MilliSecondsSinceLastEvent',
    samples: ({ sourceIdleMs }) => one(sourceIdleMs / 1000),
  },
  {
    name: 'millrace_source_connected',
    type: 'gauge',
    help: '1 while the source is open and read.',
    debezium: 'Connected',
    samples: ({ connected }) => one(Number(connected)),
  },
  {
    name: 'millrace_pipeline_state',
    type: 'gauge',
    help: '1 for the state that the pipeline is in, 0 for the others.',
    debezium: null,
    samples: ({ health }) => healthWords.map((state) => ({ labels: { state }, value: Number(state === health) })),
  },
  {
    name: 'millrace_pipeline_health',
    type: 'gauge',
    help: '1 while nobody need look: running, snapshotting, or paused on request.',
    debezium: null,
    samples: ({ health }) => one(Number(isHealthy(health))),
  },
  {
    name: 'millrace_pipeline_wanted',
    type: 'gauge',
    help: '1 while the pipeline is meant to run, 0 while it is paused or stopped on request, absent when its source had no more and it is done.',
    debezium: null,
    samples: ({ desired, finished }) => one(finished ? null : Number(desired === 'running')),
  },
  {
    name: 'millrace_binlog_position_bytes',
    type: 'gauge',
    help: 'Where in its binlog file the held place stands; the file is a label.',
    debezium: 'BinlogFilename, BinlogPosition',
    samples: ({ logs }) =>
      logs.flatMap(({ source, file, offset }) =>
        file === null || offset === null ? [] : [{ labels: { source, file }, value: offset }],
      ),
  },
  {
    name: 'millrace_backlog_bytes',
    type: 'gauge',
    help: 'Bytes of binlog between the held place and the end of the log. The server is asked at most every 10 s, and only while somebody asks for figures.',
    debezium: null,
    samples: ({ logs }) => logs.flatMap(({ source, bytesBehind }) => ofSource(source, bytesBehind)),
  },
  {
    name: 'millrace_backlog_records',
    type: 'gauge',
    help: 'Records between the held places and the ends of the partitions that this process reads (Kafka), as the last fetch of each told them.',
    debezium: null,
    samples: ({ logs }) => logs.flatMap(({ source, recordsBehind }) => ofSource(source, recordsBehind ?? null)),
  },
  {
    name: 'millrace_late_rows_total',
    type: 'counter',
    help: 'Rows that came too late for their windows in a SQL job, and were left out, since its source was opened.',
    debezium: null,
    samples: ({ query }) => (query === undefined ? [] : [{ labels: {}, value: query.lateRows }]),
  },
  {
    name: 'millrace_sql_overflows_total',
    type: 'counter',
    help: 'Results in a SQL job that did not fit their types since its source was opened: a DECIMAL became NULL, a whole number went around.',
    debezium: null,
    samples: ({ query }) => (query === undefined ? [] : [{ labels: {}, value: query.overflows }]),
  },
  {
    name: 'millrace_watermark_seconds',
    type: 'gauge',
    help: 'How far event time has come in a SQL job, in seconds since 1970; absent before the first row of each table with a WATERMARK.',
    debezium: null,
    samples: ({ query }) => {
      const reachedMs = query?.watermark?.reachedMs ?? null;
      return reachedMs === null ? [] : [{ labels: {}, value: reachedMs / 1_000 }];
    },
  },
  {
    name: 'millrace_watermark_held_seconds',
    type: 'gauge',
    help: 'How long the watermark of a SQL job has stood still because of the table in the label, which others are ahead of; absent where none is held up.',
    debezium: null,
    samples: ({ query }) => {
      const watermark = query?.watermark ?? null;
      if (watermark === null || watermark.heldBy === null) return [];
      return [{ labels: { table: watermark.heldBy }, value: watermark.stillMs / 1_000 }];
    },
  },
  {
    name: 'millrace_spool_bytes',
    type: 'gauge',
    help: 'Bytes of a replication stream (Redis) that wait here, in memory and on disk, because the server is read as fast as it sends; with `spool.directory` until they are durable.',
    debezium: null,
    samples: ({ logs }) => logs.flatMap(({ source, spoolBytes }) => ofSource(source, spoolBytes ?? null)),
  },
  {
    name: 'millrace_read_again_total',
    type: 'counter',
    help: 'How often everything was read again because the server no longer had what came after the held place (Redis), since the process began.',
    debezium: null,
    samples: ({ logs }) => logs.flatMap(({ source, readAgain }) => ofSource(source, readAgain ?? null)),
  },
  {
    name: 'millrace_conflicts_total',
    type: 'counter',
    help: 'Writes to rows or columns that the other side owns (`owned.elsewhere` of a MySQL or Redis source), since the process began: they were not brought there.',
    debezium: null,
    samples: ({ logs }) => logs.flatMap(({ source, conflicts }) => ofSource(source, conflicts ?? null)),
  },
  {
    name: 'millrace_source_best_effort',
    type: 'gauge',
    help: '1 while a Redis source reads by SCAN (`mode: scan`, or `scan.fallback` while no replication link is of use), so that changes may be seen late or never; 0 while it follows the stream; absent elsewhere.',
    debezium: null,
    samples: ({ logs }) =>
      logs.flatMap(({ source, bestEffort }) => ofSource(source, bestEffort === undefined ? null : Number(bestEffort))),
  },
  {
    name: 'millrace_gtid_gap_transactions',
    type: 'gauge',
    help: 'Transactions that the server has executed and that are not held yet, by GTID (MySQL). It stays above 0 where the server is a replica and has GTIDs that its own log never held.',
    debezium: 'GtidSet',
    samples: ({ logs }) => logs.flatMap(({ source, transactionsBehind }) => ofSource(source, transactionsBehind)),
  },
  {
    name: 'millrace_clock_skew_seconds',
    type: 'gauge',
    help: 'The clock of the server less that of this machine. Lag is told by both clocks: it looks smaller by this where it is above 0.',
    debezium: null,
    samples: ({ logs }) =>
      logs.flatMap(({ source, clockSkewMs }) => ofSource(source, clockSkewMs === null ? null : clockSkewMs / 1_000)),
  },
  {
    name: 'millrace_binlog_retention_seconds',
    type: 'gauge',
    help: 'How long the server keeps its binlog (binlog_expire_logs_seconds); absent where it is kept for ever.',
    debezium: null,
    samples: ({ logs }) =>
      logs.flatMap(({ source, retentionSeconds }) =>
        retentionSeconds === null ? [] : [{ labels: { source }, value: retentionSeconds }],
      ),
  },
  {
    name: 'millrace_binlog_retention_margin_seconds',
    type: 'gauge',
    help: 'How long the server will still hold what is not durable yet if nothing moves from now on: retention less lag less idle time. At 0 a new snapshot is needed.',
    debezium: null,
    samples: (view) => {
      const margin = retentionMarginMs(view);
      return one(margin === null ? null : margin / 1000);
    },
  },
  {
    name: 'millrace_snapshot_tables',
    type: 'gauge',
    help: 'Tables of snapshots: reading (or waiting for it), and done since the source was opened.',
    debezium: 'TotalTableCount, RemainingTableCount',
    samples: ({ snapshot }) =>
      snapshot === null
        ? []
        : [
            { labels: { state: 'reading' }, value: snapshot.tables.length },
            { labels: { state: 'done' }, value: snapshot.tablesDone },
          ],
  },
  {
    name: 'millrace_snapshots_total',
    type: 'counter',
    help: 'Snapshots of tables that began, by why: `initial`, `asked`, `signal`, or what made it necessary; resumed ones do not count, nor do those of some rows.',
    debezium: null,
    samples: ({ snapshots }) => Object.entries(snapshots).map(([reason, value]) => ({ labels: { reason }, value })),
  },
  {
    name: 'millrace_snapshot_rows',
    type: 'gauge',
    help: 'Rows that the snapshot of a table has read so far.',
    debezium: 'RowsScanned',
    samples: ({ snapshot }) =>
      (snapshot?.tables ?? []).slice(0, mostTables).map(({ table, rows }) => ({ labels: { table }, value: rows })),
  },
  {
    name: 'millrace_snapshot_estimated_rows',
    type: 'gauge',
    help: 'Rows of the table as the server estimates them; absent where it does not.',
    debezium: null,
    samples: ({ snapshot }) =>
      (snapshot?.tables ?? [])
        .slice(0, mostTables)
        .flatMap(({ table, estimatedRows }) =>
          estimatedRows === null ? [] : [{ labels: { table }, value: estimatedRows }],
        ),
  },
  {
    name: 'millrace_snapshot_chunks',
    type: 'gauge',
    help: 'Chunks that the snapshot of a table has read so far.',
    debezium: 'TableChunksCompletedCounts',
    samples: ({ snapshot }) =>
      (snapshot?.tables ?? []).slice(0, mostTables).map(({ table, chunks }) => ({ labels: { table }, value: chunks })),
  },
  {
    name: 'millrace_snapshot_paused',
    type: 'gauge',
    help: '1 while snapshots are paused on request.',
    debezium: 'SnapshotPaused',
    samples: ({ snapshot }) => one(snapshot === null ? null : Number(snapshot.paused)),
  },
  {
    name: 'millrace_verify_running',
    type: 'gauge',
    help: '1 while `millrace verify --report` compares this sink with the source.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.map(({ sink, running }) => ({ labels: { sink }, value: Number(running) })),
  },
  {
    name: 'millrace_verify_tables',
    type: 'gauge',
    help: 'Tables of the comparison under way, or else of the last: done, and left to do.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.flatMap(({ sink, tables, tablesDone }) => [
        { labels: { sink, state: 'done' }, value: tablesDone },
        { labels: { sink, state: 'left' }, value: Math.max(0, tables - tablesDone) },
      ]),
  },
  {
    name: 'millrace_verify_rows_total',
    type: 'counter',
    help: 'Rows compared by `millrace verify --report`, by result: match, mismatch, missing (in the sink), extra (there), unsettled. A table counts once it is done.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.flatMap(({ sink, rows }) =>
        Object.entries(rows).map(([result, value]) => ({ labels: { sink, result }, value })),
      ),
  },
  {
    name: 'millrace_verify_result',
    type: 'gauge',
    help: '1 for how the last comparison ended: equal, different, undecided (rows or tables could not be decided) or failed. It stands until another one ends.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.flatMap(({ sink, result: ended }) =>
        ended === null ? [] : verdicts.map((result) => ({ labels: { sink, result }, value: Number(result === ended) })),
      ),
  },
  {
    name: 'millrace_verify_last_end_timestamp_seconds',
    type: 'gauge',
    help: 'When the last comparison ended, in seconds since 1970.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.flatMap(({ sink, endedAtMs }) =>
        endedAtMs === null ? [] : [{ labels: { sink }, value: endedAtMs / 1_000 }],
      ),
  },
  {
    name: 'millrace_verify_last_success_timestamp_seconds',
    type: 'gauge',
    help: 'When a comparison last found both sides equal, in seconds since 1970.',
    debezium: null,
    samples: ({ verifications }) =>
      verifications.flatMap(({ sink, equalAtMs }) =>
        equalAtMs === null ? [] : [{ labels: { sink }, value: equalAtMs / 1_000 }],
      ),
  },
  {
    name: 'millrace_consistency_violations_total',
    type: 'counter',
    help: 'Rows that were looked at a while after they changed and were held otherwise although the sink had everything up to them, by sink and age in seconds (`consistency.sample-rate`).',
    debezium: null,
    samples: ({ consistency }) =>
      consistency.map(({ sink, ageSeconds, violations }) => ({
        labels: { sink, age: String(ageSeconds) },
        value: violations,
      })),
  },
  {
    name: 'millrace_consistency_checks_total',
    type: 'counter',
    help: 'Rows that were looked at a while after they changed, by sink, age in seconds, and whether it could be decided.',
    debezium: null,
    samples: ({ consistency }) =>
      consistency.flatMap(({ sink, ageSeconds, checked, undecided }) => [
        { labels: { sink, age: String(ageSeconds), decided: 'yes' }, value: checked - undecided },
        { labels: { sink, age: String(ageSeconds), decided: 'no' }, value: undecided },
      ]),
  },
  {
    name: 'millrace_errors_total',
    type: 'counter',
    help: 'Errors met, by code; `millrace explain CODE` says what each means.',
    debezium: 'NumberOfErroneousEvents',
    samples: ({ errors }) => Object.entries(errors).map(([code, value]) => ({ labels: { code }, value })),
  },
  {
    name: 'millrace_retries_total',
    type: 'counter',
    help: 'How often the pipeline began again after an error that may pass.',
    debezium: null,
    samples: ({ retries }) => one(retries),
  },
  {
    name: 'millrace_dead_letters_total',
    type: 'counter',
    help: 'Rows that a sink refused or a processing step failed on, and that went to the dead letters.',
    debezium: 'NumberOfErroneousEvents',
    samples: ({ deadLetters }) => one(deadLetters),
  },
  {
    name: 'millrace_process_restarts_total',
    type: 'counter',
    help: 'How often the process of the pipeline was started again because it had ended (under `serve`).',
    debezium: null,
    samples: ({ process }) => one(process.restarts),
  },
  {
    name: 'millrace_process_resident_bytes',
    type: 'gauge',
    help: 'Memory of the process of the pipeline (under `serve`).',
    debezium: null,
    samples: ({ rssBytes }) => one(rssBytes),
  },
];

/** Figures about the whole process: name, type, help. */
export const processMetrics = [
  ['millrace_build_info', 'gauge', 'Always 1; the version and that of Node are labels.'],
  ['millrace_pipelines', 'gauge', 'How many pipelines this server has.'],
  ['process_resident_memory_bytes', 'gauge', 'Memory of the process that answers.'],
  ['process_cpu_seconds_total', 'counter', 'CPU time of the process that answers.'],
  ['process_start_time_seconds', 'gauge', 'When the process that answers was started, in seconds since 1970.'],
] as const;
