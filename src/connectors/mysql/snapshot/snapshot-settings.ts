import { z } from 'zod';
import { byteSize } from '../../../core/settings.ts';
import { watermarkKinds } from './watermark-kind.ts';

/** What a pipeline file can say about snapshots. */
export const snapshotSettings = {
  'scan.incremental.snapshot.chunk.size': z.coerce
    .number()
    .int()
    .min(1)
    .default(8_096)
    .describe(
      'Rows in one snapshot chunk: what is read again after a crash, and held in memory until its changes are known.',
    ),
  'scan.snapshot.chunk.max.size': byteSize
    .default(8 * 1_048_576)
    .describe('Bytes beyond which a chunk of wide rows is handed on in pieces, and the next chunks get fewer rows.'),
  'scan.snapshot.parallelism': z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Tables that are read side by side, each over two connections.'),
  'scan.watermark': z
    .enum(['auto', ...watermarkKinds])
    .default('auto')
    .describe(
      'How a snapshot learns which changes a chunk already contains: `gtid` (MySQL with GTIDs), `consistent-snapshot` (MariaDB), `table` (writes to `scan.watermark.table`) or `lock` (locks a table for a moment). `auto` takes the first that the server can.',
    ),
  'scan.watermark.table': z
    .string()
    .regex(/^[^.]+\.[^.]+$/, 'write it as database.table')
    .optional()
    .describe(
      'Table to write watermarks to, made with `CREATE TABLE database.name (id INT PRIMARY KEY, mark CHAR(36) NOT NULL)`. The user needs INSERT and UPDATE on it.',
    ),
} as const;
