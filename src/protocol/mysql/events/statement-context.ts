/**
 * What a statement logged as text depends on; only in front of QUERY events, never of rows.
 *
 *   INTVAR (5):     type u1 (1 LAST_INSERT_ID, 2 INSERT_ID) | value u8
 *   RAND (13):      seed1 u8 | seed2 u8
 *   USER_VAR (14):  name_length u4 | name | is_null u1 | [ type u1 | charset u4 | length u4 | value | flags u1, MySQL only ]
 *
 * MySQL libs/mysql/binlog/event/statement_events.h.
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface IntVar {
  readonly variable: 'LAST_INSERT_ID' | 'INSERT_ID';
  readonly value: number | bigint;
}

export const decodeIntVar = (frame: EventFrame): IntVar => {
  const r = bodyReader(frame);
  const type = r.u8();
  if (type !== 1 && type !== 2) throw r.malformed(`variable number ${type}`);
  return { variable: type === 1 ? 'LAST_INSERT_ID' : 'INSERT_ID', value: r.u64() };
};

export interface Rand {
  readonly seeds: readonly [number | bigint, number | bigint];
}

export const decodeRand = (frame: EventFrame): Rand => {
  const r = bodyReader(frame);
  return { seeds: [r.u64(), r.u64()] };
};

export interface UserVar {
  readonly name: string;
  /** null: the variable was NULL. */
  readonly value: { readonly type: number; readonly collation: number; readonly bytes: Uint8Array } | null;
}

export const decodeUserVar = (frame: EventFrame): UserVar => {
  const r = bodyReader(frame);
  const name = r.utf8(r.u32());
  if (r.u8() !== 0) return { name, value: null };
  const type = r.u8();
  const collation = r.u32();
  return { name, value: { type, collation, bytes: Uint8Array.from(r.view(r.u32())) } };
};
