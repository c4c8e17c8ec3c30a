import { Buffer } from 'node:buffer';
import { plainColumn } from '../../core/plain-column.ts';
import type { Column, ColumnType } from '../../core/table.ts';
import type { ColumnFinder } from './column-finder.ts';
import { OPEN_BRACE, OPEN_BRACKET, QUOTE, unreadable } from './json-scanner.ts';
import { type Description, longestBytes } from './message-tables.ts';

/** How the values of a field look: each kind can hold those of the kinds before it in its line (`empty`, `boolean`, `integer`, `number`). */
type Look = 'empty' | 'boolean' | 'integer' | 'number' | 'document' | 'text';

/**
 * A table after the look of one object: strings are texts, whole numbers BIGINT, others DOUBLE, true and false BOOL, the rest
 * documents. What JSON has no form for (amounts, moments, bytes) stays the text it is: declare the columns to have those.
 */
export const describeObject = (
  bytes: Uint8Array,
  start: number,
  end: number,
  key: readonly string[],
  known: ColumnFinder | null,
): Description => {
  const looks = new Map<string, Look>();
  for (const { name, type } of known?.table.columns ?? []) looks.set(name, lookOfType(type));
  const parsed: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return unreadable('its row is no object');
  for (const name of key) if (name in parsed && !looks.has(name)) looks.set(name, 'empty');
  for (const [name, value] of Object.entries(parsed)) {
    looks.set(name, wider(looks.get(name) ?? 'empty', lookOfValue(value)));
  }
  const columns = [...looks].map(([name, look]): Column => columnOf(name, look));
  return {
    columns,
    key,
    uniqueKeys: [],
    charset: 'utf8mb4',
    comment: null,
  };
};

/** Whether a value that starts with `first` fits a column that was inferred; `isWhole` is asked about numbers only. */
export const fitsLook = (type: ColumnType, first: number, isWhole: () => boolean): boolean => {
  if (type.kind === 'text') return true;
  if (first === QUOTE) return false;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return type.kind === 'json';
  if (first === LETTER_T || first === LETTER_F) return type.kind === 'integer';
  if (type.kind === 'double') return true;
  return type.kind === 'integer' && type.bits === 64 && isWhole();
};

const lookOfValue = (value: unknown): Look => {
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    default:
      return value === null ? 'empty' : 'document';
  }
};

const wider = (a: Look, b: Look): Look => {
  if (a === b || b === 'empty') return a;
  if (a === 'empty') return b;
  const line: readonly Look[] = ['boolean', 'integer', 'number'];
  const places = [line.indexOf(a), line.indexOf(b)];
  return places.includes(-1) ? 'text' : line[Math.max(...places)]!;
};

const typeOfLook = (look: Look): ColumnType => {
  switch (look) {
    case 'boolean':
      return { kind: 'integer', bits: 8, unsigned: false };
    case 'integer':
      return { kind: 'integer', bits: 64, unsigned: false };
    case 'number':
      return { kind: 'double', unsigned: false };
    case 'document':
      return { kind: 'json' };
    case 'empty':
    case 'text':
      return { kind: 'text', fixed: false, maxBytes: longestBytes, charset: 'utf8mb4', collation: 'utf8mb4_bin' };
  }
};

const lookOfType = (type: ColumnType): Look => {
  switch (type.kind) {
    case 'integer':
      return type.bits === 8 ? 'boolean' : 'integer';
    case 'double':
      return 'number';
    case 'json':
      return 'document';
    default:
      return 'text';
  }
};

const columnOf = (name: string, look: Look): Column => plainColumn(name, typeOfLook(look));

const LETTER_F = 0x66;
const LETTER_T = 0x74;
