import { Buffer } from 'node:buffer';
import type { Column, ColumnType } from '../core/table.ts';
import type { Value } from '../core/value.ts';

/** How a format writes what JSON has no form for. */
export interface JsonForms {
  /** DECIMAL as digits, which readers may round, or as text. */
  readonly decimals: 'number' | 'text';
  readonly sets: 'array' | 'text';
  /** JSON columns as what they hold, or as text. */
  readonly documents: 'embedded' | 'text';
}

/** One value as JSON text. Integers keep all their digits; bytes are base64. */
export const columnJson = ({ type }: Column, value: Value, forms: JsonForms): string => {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return type.kind === 'vector' ? vectorJson(value) : JSON.stringify(base64(value));
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? numberJson(type, value) : 'null';
  if (type.kind === 'decimal' && forms.decimals === 'number') return value;
  if (type.kind === 'json' && forms.documents === 'embedded') return value;
  if (type.kind === 'set' && forms.sets === 'array') return JSON.stringify(value === '' ? [] : value.split(','));
  return JSON.stringify(value);
};

/** A float's shortest digits that give the same 32 bits. */
const numberJson = (type: ColumnType, value: number): string => {
  if (type.kind !== 'float') return String(value);
  for (let digits = 6; digits < 9; digits += 1) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return value.toPrecision(9);
};

const vectorJson = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) values.push(view.getFloat32(at, true));
  return JSON.stringify(values);
};

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
