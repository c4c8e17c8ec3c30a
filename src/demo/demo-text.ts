import { shortBytes, shortCount, shortMs } from '../cli/figures.ts';
import type { Incident } from './demo.ts';
import type { DemoSource } from './demo-source.ts';
import type { TableChecksum } from './table-checksum.ts';
import type { Verdict } from './verdict.ts';
import type { WorkerReport } from './worker-process.ts';

/** Everything the demo found out. */
export interface DemoOutcome extends Verdict {
  readonly source: Pick<DemoSource, 'kind' | 'title' | 'serverVersion'>;
  readonly elapsedMs: number;
  readonly incidents: readonly Incident[];
  /** Where the mirror and the change log were left; null: nowhere. */
  readonly files: { readonly mirror: string; readonly changeLog: string } | null;
}

/** One line while changes flow: a bar, the four speeds, the lag and what is durable. */
export const progressLine = (
  report: WorkerReport,
  { share, rows, lag }: { readonly share: number; readonly rows: number; readonly lag: boolean },
): string => {
  const filled = Math.round(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
  const speed = (label: string, point: keyof WorkerReport['speeds']): string =>
    `${label} ${shortCount(report.speeds[point].rowsPerSecond)}/s`;
  return [
    `${bar} ${String(Math.round(share * 100)).padStart(3)}%`,
    report.health,
    speed('S_r', 'receive'),
    speed('S_h', 'process'),
    speed('S_p', 'push'),
    `${speed('S_sync', 'sync')} ${shortBytes(report.speeds.sync.bytesPerSecond)}/s`,
    ...(lag ? [`lag ${shortMs(report.lagMs)}`] : []),
    `${shortCount(rows)} rows`,
  ].join('  ');
};

const barWidth = 20;

/** The table that proves it, and one sentence below. */
export const verdictText = (outcome: DemoOutcome): string => {
  const server = outcome.source.serverVersion.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const head = ['table', `rows in ${server}`, 'in mirror', 'in change log', `checksum by ${server}`, 'of mirror', ''];
  const rows = outcome.tables.map(({ table, source, mirror, changeLogRows, equal }) => [
    table,
    String(source.rows),
    mirror === null ? 'none' : String(mirror.rows),
    changeLogRows === null ? '-' : String(changeLogRows),
    shortChecksum(source),
    mirror === null ? '-' : shortChecksum(mirror),
    equal ? 'equal' : 'DIFFERENT',
  ]);
  const equal = outcome.tables.filter((table) => table.equal).length;
  const { lines, twice, astray } = outcome.changeLog;
  const log = [
    `${lines} lines`,
    `${twice === 0 ? 'none' : twice} twice`,
    ...(astray === null ? [] : [`${astray === 0 ? 'none' : astray} astray`]),
  ];
  return [
    '',
    ...alignColumns([head, ...rows]),
    '',
    `${equal} of ${outcome.tables.length} tables equal; change log: ${log.join(', ')}; ${(outcome.elapsedMs / 1000).toFixed(1)} s`,
    ...(outcome.files === null ? [] : [`kept: ${outcome.files.mirror}, ${outcome.files.changeLog}`]),
    '',
  ].join('\n');
};

/** The same for a program. */
export const verdictJson = (outcome: DemoOutcome): string =>
  `${JSON.stringify({ schema: 'millrace.demo/v1', command: 'demo', data: outcome, warnings: [] })}\n`;

/** Enough of a checksum to see a difference; the whole is compared. */
const shortChecksum = ({ checksum }: TableChecksum): string =>
  checksum
    .split('.')
    .slice(0, 2)
    .map((sum) => (BigInt(sum) & 0xffffffffn).toString(16).padStart(8, '0'))
    .join('');

/** The first and last column to the left, figures to the right. */
const alignColumns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === row.length - 1 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
};
