import type { ServerFigures, WatermarkFigures } from '../core/operating.ts';
import { type PipelineView, retentionMarginMs } from '../server/pipeline-view.ts';
import { shortBytes, shortCount, shortMs } from './figures.ts';
import { healthColors } from './status-line.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

type Paint = Terminal['paintData'];

/** The health word in its colour. Only for the end of a line: colours would upset the widths of a table. */
const paintedHealth = ({ health }: PipelineView, paint: Paint): string => paint(healthColors[health], health);

/** Where the held place is, in the source's words. */
const placeText = ({ logs }: Pick<PipelineView, 'logs'>): string =>
  logs
    .map(
      ({ source, file, offset }) =>
        `${logs.length > 1 ? `${source} ` : ''}${file === null ? (offset === null ? '-' : `offset ${offset}`) : `${file}:${offset}`}`,
    )
    .join(', ') || '-';

/** What a person should know beside the word: the reason, and that something was asked for. */
const noteText = ({ desired, health, reason, snapshotting, process, query }: PipelineView): string =>
  [
    reason,
    snapshotting !== null &&
      snapshotting.length > 0 &&
      `snapshot of ${snapshotting.slice(0, 3).join(', ')}${snapshotting.length > 3 ? ', …' : ''}`,
    heldText(query?.watermark ?? null),
    desired !== 'running' && health !== 'paused' && `${desired} on request`,
    process.restarts > 0 && `process ${process.restarts} times started again: ${process.lastEnd ?? 'unknown'}`,
  ]
    .filter((words) => words !== null && words !== false)
    .join('; ');

/** A watermark moves with every tick, so one that stood still for so long is held up. */
const heldAfterMs = 10_000;

/** Null: no table holds the windows of others open. */
const heldText = (watermark: WatermarkFigures | null): string | null =>
  watermark === null || watermark.heldBy === null || watermark.stillMs < heldAfterMs
    ? null
    : `watermark stands still for ${shortMs(watermark.stillMs)} because of ${watermark.heldBy}`;

const watermarkText = ({ reachedMs, stillMs }: WatermarkFigures): string =>
  reachedMs === null ? 'not known yet' : `${new Date(reachedMs).toISOString()}, moved ${shortMs(stillMs)} ago`;

/** One line per pipeline. */
export const pipelineTable = (views: readonly PipelineView[], paint: Paint): string => {
  const table = textTable(
    ['pipeline', 'health', 'lag', 'S_sync', 'rows', 'at', ''],
    views.map((view) => [
      view.name,
      view.health,
      shortMs(view.lag.currentMs),
      `${shortCount(view.speeds.sync.rowsPerSecond)}/s`,
      shortCount(view.totals.sync.rows),
      placeText(view),
      noteText(view),
    ]),
  );
  return coloured(table, views, paint);
};

/** The four speeds of each pipeline. */
export const speedTable = (views: readonly PipelineView[], paint: Paint): string => {
  const rate = (rowsPerSecond: number): string => `${shortCount(rowsPerSecond)}/s`;
  const table = textTable(
    ['pipeline', 'health', 'S_r', 'S_h', 'S_p', 'S_sync', 'bytes', 'lag', 'p99', 'max', 'idle', 'memory'],
    views.map(({ name, health, speeds, lag, sourceIdleMs, rssBytes }) => [
      name,
      health,
      rate(speeds.receive.rowsPerSecond),
      rate(speeds.process.rowsPerSecond),
      rate(speeds.push.rowsPerSecond),
      rate(speeds.sync.rowsPerSecond),
      `${shortBytes(speeds.sync.bytesPerSecond)}/s`,
      shortMs(lag.currentMs),
      shortMs(lag.p99Ms),
      shortMs(lag.maxMs),
      shortMs(sourceIdleMs),
      rssBytes === null ? '-' : shortBytes(rssBytes),
    ]),
  );
  return coloured(table, views, paint);
};

/** Colours the health word of each line, after the table has its widths. */
const coloured = (table: string, views: readonly PipelineView[], paint: Paint): string =>
  table
    .split('\n')
    .map((line, index) => {
      const view = views[index - 1];
      return view === undefined
        ? paint('bold', line)
        : line.replace(` ${view.health} `, ` ${paintedHealth(view, paint)} `);
    })
    .join('\n');

/** Everything about one pipeline, for a person. */
export const pipelinePage = (view: PipelineView, paint: Paint): string => {
  const { lag, speeds, totals, snapshot, process } = view;
  const margin = retentionMarginMs(view);
  const point = (label: string, name: keyof typeof speeds): [string, string] => [
    label,
    `${shortCount(speeds[name].rowsPerSecond)} rows/s  ${shortBytes(speeds[name].bytesPerSecond)}/s  in all ${shortCount(totals[name].rows)} rows  ${shortBytes(totals[name].bytes)}`,
  ];
  const rows: (readonly [string, string])[] = [
    ['pipeline', view.name],
    ['health', `${paintedHealth(view, paint)}${noteText(view) === '' ? '' : `  ${noteText(view)}`}`],
    ['wanted', view.desired],
    ['file', view.file ?? '-'],
    [
      'process',
      process.pid === null ? 'none' : `${process.pid} since ${process.startedAt}, ${process.restarts} restarts`,
    ],
    ['lag', `${shortMs(lag.currentMs)} now, ${shortMs(lag.p99Ms)} p99, ${shortMs(lag.maxMs)} max`],
    ['source', `${view.connected ? 'connected' : 'not connected'}, last heard of ${shortMs(view.sourceIdleMs)} ago`],
    ...view.logs.map(({ source, server, gtids }): [string, string] => [
      `  ${source}`,
      `${server ?? '-'}  ${placeText({ logs: view.logs.filter((log) => log.source === source) })}${gtids === null ? '' : `  ${gtids.length > 120 ? `${gtids.slice(0, 120)}…` : gtids}`}`,
    ]),
    ...view.logs.flatMap(({ source, bytesBehind, transactionsBehind, recordsBehind }): [string, string][] =>
      bytesBehind === null
        ? recordsBehind === undefined
          ? []
          : [[`  ${source} behind`, `${shortCount(recordsBehind)} records`]]
        : [
            [
              `  ${source} behind`,
              `${shortBytes(bytesBehind)} of log${transactionsBehind === null ? '' : `, ${shortCount(transactionsBehind)} transactions`}`,
            ],
          ],
    ),
    ...(view.query === undefined
      ? []
      : ([
          ...(view.query.watermark === null
            ? []
            : [
                ['watermark', watermarkText(view.query.watermark)],
                ['late rows', `${shortCount(view.query.lateRows)} left out`],
              ]),
          ...(view.query.overflows === 0 ? [] : [['overflows', `${shortCount(view.query.overflows)} results`]]),
        ] as [string, string][])),
    ...view.logs.flatMap(({ source, conflicts }): [string, string][] =>
      conflicts === undefined
        ? []
        : [[`  ${source} conflicts`, `${conflicts} writes to rows that the other side owns`]],
    ),
    ...view.logs.flatMap(({ source, spoolBytes = 0, readAgain = 0 }): [string, string][] => [
      ...(spoolBytes > 0 ? [[`  ${source} spool`, `${shortBytes(spoolBytes)} wait here`] as [string, string]] : []),
      ...(readAgain > 0 ? [[`  ${source} gaps`, `${readAgain}: everything was read again`] as [string, string]] : []),
    ]),
    [
      'log kept',
      margin === null ? 'for ever, or not known' : `for ${shortMs(Math.max(0, margin))} more if nothing moves`,
    ],
    point('S_r', 'receive'),
    point('S_h', 'process'),
    point('S_p', 'push'),
    point('S_sync', 'sync'),
    ...view.sinks.map(({ name, queuedBytes, capacityBytes, writes }): [string, string] => [
      `  ${name}`,
      `${writes.count} writes${writes.count === 0 ? '' : `, ${meanText(writes)} each`}; ${shortBytes(queuedBytes)} of ${shortBytes(capacityBytes)} wait for it`,
    ]),
    ...view.sinks.flatMap(({ name, servers = [] }) =>
      servers.map((server): [string, string] => [`  ${name} server`, serverText(server)]),
    ),
    ...view.sinks.flatMap(({ name, keys = [] }) =>
      keys.map(({ mode, hit, nothing }): [string, string] => [
        `  ${name} ${mode}`,
        `${hit} keys removed or refreshed, ${nothing} were not there`,
      ]),
    ),
    ...view.consistency.map(({ sink, ageSeconds, checked, violations, undecided }): [string, string] => [
      `  ${sink} after ${ageSeconds} s`,
      `${violations} of ${checked} sampled rows held otherwise${undecided === 0 ? '' : `, ${undecided} undecided`}`,
    ]),
    ['retries', String(view.retries)],
    ['dead letters', String(view.deadLetters)],
    [
      'errors',
      Object.entries(view.errors)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || 'none',
    ],
    ...(snapshot === null || (snapshot.tables.length === 0 && snapshot.tablesDone === 0)
      ? []
      : [
          [
            'snapshot',
            `${snapshot.tablesDone} tables done, ${snapshot.tables.length} to do${snapshot.paused ? ', paused' : ''}`,
          ] as const,
        ]),
    ...(snapshot?.tables ?? []).map((table): [string, string] => [`  ${table.table}`, snapshotText(table)]),
    ...Object.entries(view.tables)
      .slice(0, 20)
      .map(([name, counts]): [string, string] => [
        `  ${name}`,
        Object.entries(counts)
          .filter(([, count]) => count > 0)
          .map(([op, count]) => `${op} ${count}`)
          .join('  '),
      ]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`.trimEnd()).join('\n');
};

const serverText = ({ server, usedBytes, maxBytes, evictedKeys, expiredKeys, answeredMs }: ServerFigures): string =>
  [
    `${server} answers in ${shortMs(answeredMs)}`,
    usedBytes !== null && `${shortBytes(usedBytes)}${maxBytes ? ` of ${shortBytes(maxBytes)}` : ''} used`,
    evictedKeys !== null && `${evictedKeys} keys evicted`,
    expiredKeys !== null && `${expiredKeys} expired`,
  ]
    .filter((words) => words !== false)
    .join(', ');

const meanText = ({ count, sumSeconds }: PipelineView['sinks'][number]['writes']): string =>
  shortMs((sumSeconds / count) * 1_000);

type TableProgress = NonNullable<PipelineView['snapshot']>['tables'][number];

/** `62%  6.2M/~10M rows  312 chunks  ETA 12 s`; `~` marks the server's estimate. */
export const snapshotText = ({ rows, estimatedRows, chunks, etaMs }: TableProgress): string =>
  [
    estimatedRows !== null && estimatedRows > 0 && `${Math.min(99, Math.floor((rows / estimatedRows) * 100))}%`,
    `${shortCount(rows)}${estimatedRows === null ? '' : `/~${shortCount(estimatedRows)}`} rows`,
    `${chunks} chunks`,
    etaMs !== null && `ETA ${shortMs(etaMs)}`,
  ]
    .filter((words) => words !== false)
    .join('  ');
