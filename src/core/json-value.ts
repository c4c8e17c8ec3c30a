import { Buffer } from 'node:buffer';
import type { Value } from './value.ts';

/** A value as JSON has it: integers beyond 2^53 and decimals as text, bytes as `0x…`. */
export const jsonValue = (value: Value): string | number | null =>
  typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? hexLiteral(value) : value;

export const hexLiteral = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "''" : `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
