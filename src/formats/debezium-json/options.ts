import type { Column, Table } from '../../core/table.ts';
import type { NameAdjustment } from './adjusted-name.ts';

/** Debezium's handling modes under their own names' words; the defaults are Debezium's. */
export interface DebeziumOptions {
  /** `topic.prefix`: the logical name in every `source`. */
  readonly name: string;
  /** `source.version`. */
  readonly version: string;
  /** The time of encoding, in microseconds since 1970: the envelope's `ts_ms`, `ts_us` and `ts_ns`. */
  readonly now: () => number;
  /** `decimal.handling.mode`. */
  readonly decimals?: 'precise' | 'string' | 'double';
  /** `bigint.unsigned.handling.mode`. `long` wraps values beyond 2^63 - 1 to negative ones, as Debezium does. */
  readonly unsignedBigints?: 'long' | 'precise';
  /** `time.precision.mode`. */
  readonly times?: 'adaptive_time_microseconds' | 'connect' | 'isostring' | 'microseconds' | 'nanoseconds';
  /** `binary.handling.mode`. */
  readonly binaries?: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  /** `schema.name.adjustment.mode` and `field.name.adjustment.mode`. */
  readonly schemaNames?: NameAdjustment;
  readonly fieldNames?: NameAdjustment;
  /** Which TINYINT(1) columns are true or false: those that TinyIntOneToBooleanConverter selects. Left out: none, they are numbers. */
  readonly booleans?: (table: Table, column: Column) => boolean;
  /** `message.key.columns`: the columns of a table's key; null, or left out: its primary key, else its first unique key without NULL. */
  readonly keyColumns?: (table: Table) => readonly number[] | null;
  /** `schemas.enable` of Connect's JsonConverter, for keys and values: each goes with its schema, as `{"schema":…,"payload":…}`. */
  readonly schemas?: boolean;
  /** `include.query`. */
  readonly includeQuery?: boolean;
}
