import { MillraceError } from '../../../core/errors.ts';
import type { ServerFacts } from '../server-facts.ts';

/** How a snapshot learns which part of the log a read of a table already contains (docs/decisions/0010 to 0013). */
export const watermarkKinds = ['gtid', 'consistent-snapshot', 'table', 'lock'] as const;
export type WatermarkKind = (typeof watermarkKinds)[number];

/**
 * The kind for a server: what `wanted` says, else the watermark table where one is configured, else what costs the server least.
 * Throws SNAPSHOT_WATERMARK_UNUSABLE when the server cannot do what is wanted.
 */
export const watermarkKind = (
  wanted: WatermarkKind | 'auto',
  watermarkTable: string | null,
  server: Pick<ServerFacts, 'flavor' | 'gtidMode'>,
): WatermarkKind => {
  const kind = wanted === 'auto' ? cheapest(watermarkTable, server) : wanted;
  const unusable = (reason: string) => new MillraceError('SNAPSHOT_WATERMARK_UNUSABLE', { kind, reason });
  if (kind === 'table' && watermarkTable === null) throw unusable('`scan.watermark.table` is not set');
  if (kind === 'gtid' && (server.flavor !== 'mysql' || server.gtidMode !== 'ON'))
    throw unusable('they need MySQL with gtid_mode=ON');
  if (kind === 'consistent-snapshot' && server.flavor !== 'mariadb') throw unusable('only MariaDB has them');
  return kind;
};

const cheapest = (watermarkTable: string | null, server: Pick<ServerFacts, 'flavor' | 'gtidMode'>): WatermarkKind => {
  if (watermarkTable !== null) return 'table';
  if (server.flavor === 'mariadb') return 'consistent-snapshot';
  return server.gtidMode === 'ON' ? 'gtid' : 'lock';
};

/** The kind whose reads stand at one exact place of the log, which a table without a key needs. */
export const exactKind = (server: Pick<ServerFacts, 'flavor'>): WatermarkKind =>
  server.flavor === 'mariadb' ? 'consistent-snapshot' : 'lock';
