import { jsonValue } from '../../core/json-value.ts';
import type { Value } from '../../core/value.ts';
import type { Difference, TableResult } from '../../verify/table-result.ts';
import type { VerifyStatus } from '../../verify/verification.ts';
import { shortCount, shortMs } from '../figures.ts';
import { textTable } from '../text-table.ts';

/** Rows that a table lists at most; `-o json` lists more. */
const listed = 20;

export const verifyLine = (pair: string, status: VerifyStatus): string =>
  [
    pair,
    `table ${Math.min(status.tablesDone + 1, status.tables)} of ${status.tables}`,
    ...(status.table === null ? [] : [status.table]),
    `${shortCount(status.rows)} rows`,
    `${shortCount(status.rowsPerSecond)}/s`,
    ...(status.suspects > 0 ? [`${status.suspects} to look at again`] : []),
    ...(status.etaMs === null ? [] : [`about ${shortMs(status.etaMs)} left`]),
  ].join('  ');

export const resultText = (results: readonly TableResult[]): string => {
  const figures = textTable(
    ['table', 'rows', 'chunks', 'match', 'mismatched', 'missing', 'extra', 'unsettled', 'result'],
    results.map((result) => {
      const { rows, chunks, mismatched, missing, extra, unsettled } = result.counts;
      const counts = [rows, chunks, matching(result), mismatched, missing, extra, unsettled].map(String);
      return [nameOf(result), ...counts, verdictOf(result)];
    }),
  );
  return [figures, ...results.flatMap(differenceLines), ''].join('\n');
};

/** The same for a program. */
export const resultObject = (result: TableResult) => ({
  ...result,
  counts: { ...result.counts, match: matching(result) },
  differences: result.differences.map((difference) => ({ ...difference, key: keyObject(result, difference) })),
});

/** Rows of the source that the sink holds as they are. */
const matching = ({ counts }: TableResult): number =>
  Math.max(0, counts.rows - counts.mismatched - counts.missing - counts.unsettled);

const nameOf = ({ table, target }: TableResult): string => (table === target ? table : `${table} -> ${target}`);

const verdictOf = ({ status, lacking, repaired, counts }: TableResult): string =>
  [
    status,
    ...(lacking.length > 0 ? [`the sink lacks ${lacking.join(', ')}`] : []),
    ...(repaired > 0 ? [`${repaired} repaired`] : []),
    ...(counts.skippedRows > 0 ? ['a sample'] : []),
  ].join(', ');

const differenceLines = (result: TableResult): readonly string[] => {
  const { counts, differences } = result;
  const all = counts.mismatched + counts.missing + counts.extra + counts.unsettled;
  const shown = differences.slice(0, listed);
  const more = all - shown.reduce((sum, { count }) => sum + count, 0);
  return [
    ...shown.map(
      (difference) =>
        `${nameOf(result)}  ${difference.verdict}  ${keyText(result, difference)}${difference.count > 1 ? `  ${difference.count} times` : ''}`,
    ),
    ...(more > 0 ? [`${nameOf(result)}  and ${more} more`] : []),
  ];
};

const keyObject = ({ keyColumns }: TableResult, { key }: Difference): unknown => {
  const values = key.map((value) => plain(value));
  return keyColumns.length === 0 ? values : Object.fromEntries(keyColumns.map((name, i) => [name, values[i]]));
};

const keyText = ({ keyColumns }: TableResult, { key }: Difference): string =>
  keyColumns.length === 0
    ? JSON.stringify(key.map((value) => plain(value)))
    : key.map((value, i) => `${keyColumns[i]}=${JSON.stringify(plain(value))}`).join(' ');

const plain = (value: Value | undefined): unknown => (value === undefined ? null : jsonValue(value));
