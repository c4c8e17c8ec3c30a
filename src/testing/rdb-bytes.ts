import { Crc64 } from '../protocol/redis/rdb/crc64.ts';

/** A string of less than 64 bytes. */
export const text = (value: string): Buffer => Buffer.from([value.length, ...Buffer.from(value, 'latin1')]);
export const bytes = (...parts: (string | number | Buffer)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
    ),
  );
export const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
};
export const double = (value: number): Buffer => {
  const out = Buffer.alloc(8);
  out.writeDoubleLE(value);
  return out;
};
/** A file with its end mark and checksum. */
export const file = (magic: string, ...parts: (string | number | Buffer)[]): Buffer => {
  const body = bytes(magic, ...parts, 0xff);
  const sum = new Crc64();
  sum.update(body, 0, body.length);
  return bytes(body, u64(sum.value));
};
