import type { DebeziumRecord } from '../../formats/debezium-json/encoder.ts';
import type { RecordHeader } from './client/record-batch.ts';
import type { TakeRecord } from './value-format.ts';

const headerNames = {
  '__debezium.newkey': Buffer.from('__debezium.newkey'),
  '__debezium.oldkey': Buffer.from('__debezium.oldkey'),
} as const;

const noHeaders: readonly RecordHeader[] = [];

/** Hands on what an encoder tells of a record, whose places are in `keys` and `values`. */
export const takeDebezium = (
  take: TakeRecord,
  { start, end, keyStart, keyEnd, header, headerStart, headerEnd }: DebeziumRecord,
  keys: Buffer,
  values: Buffer,
  tombstones: boolean,
): void => {
  const isTombstone = start === end;
  // Without a key there is nothing that a tombstone could name.
  if (isTombstone && (!tombstones || keyStart === keyEnd)) return;
  const headers =
    header === null ? noHeaders : [{ name: headerNames[header], bytes: keys, start: headerStart, end: headerEnd }];
  const key = keyStart === keyEnd ? null : keys;
  take(key, keyStart, keyEnd, isTombstone ? null : values, start, end, headers);
};
