import { Buffer } from 'node:buffer';
import { unreadable } from './json-scanner.ts';

/** The fields of a message's key in their order: what the row is known by. No key, or one that is no object: none. */
export const keyFieldsOf = (key: Uint8Array | null): readonly string[] => {
  if (key === null || key.length === 0) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8'));
  } catch {
    return unreadable('its key is no JSON');
  }
  if (!isObject(parsed)) return [];
  const inner = parsed['payload'];
  const fields = 'schema' in parsed && isObject(inner) ? inner : parsed;
  return Object.keys(fields).filter((name) => name !== tableIdentifier);
};

/** Debezium's field for the original table where several tables' rows share a topic. */
export const tableIdentifier = '__dbz__physicalTableIdentifier';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
