import type { EvaluationContext, Whole } from '../../../sql/evaluate/sql-value.ts';
import { toWallClock } from '../../../sql/evaluate/times.ts';

/** A watermark as the windows have it: those of a time with a zone begin and end by the session's clock. */
export const inLocalTime = (watermark: Whole, zoned: boolean, { timeZone }: EvaluationContext): Whole =>
  zoned && Number.isFinite(Number(watermark)) ? toWallClock(watermark, timeZone) : watermark;
