import { Buffer } from 'node:buffer';
import type { RowKey } from './row-key.ts';

/** The nest of the row at `key`, in the same slot of a cluster as the row. */
export const nestOf = (prefix: string, key: Buffer): Buffer => {
  const [open, close] = hasTag(key) ? ['', ''] : ['{', '}'];
  return Buffer.concat([Buffer.from(prefix + open), key, Buffer.from(close)]);
};

/** The key of the row whose nest this is. */
export const rowOfNest = (prefix: string, nest: Buffer): Buffer => {
  const rest = nest.subarray(Buffer.byteLength(prefix));
  return rest[0] === OPEN && rest.at(-1) === CLOSE && !hasTag(rest.subarray(1, -1)) ? rest.subarray(1, -1) : rest;
};

/**
 * What stands within a row as a member of the set of what has vanished, `lines:7%.shop:orders:1`: within a field every % has two
 * digits behind it.
 */
export const nestedMember = (into: RowKey, field: RowKey, key: RowKey): void => {
  const length = field.length + between.length + key.length;
  if (into.bytes.length < length) into.bytes = Buffer.allocUnsafe(length * 2);
  field.bytes.copy(into.bytes, 0, 0, field.length);
  between.copy(into.bytes, field.length);
  key.bytes.copy(into.bytes, field.length + between.length, 0, key.length);
  into.length = length;
};

/** The same of a field and a key that were found. */
export const foundMember = (field: Buffer, key: Buffer): Buffer => Buffer.concat([field, between, key]);

export const readMember = (member: Buffer): { readonly field: Buffer; readonly key: Buffer } => {
  const at = member.indexOf(between);
  return { field: member.subarray(0, at), key: member.subarray(at + between.length) };
};

const between = Buffer.from('%.');
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Whether a cluster places the key by a part of it. https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const hasTag = (key: Buffer): boolean => {
  const open = key.indexOf(OPEN);
  return open >= 0 && key.indexOf(CLOSE, open) > open + 1;
};
