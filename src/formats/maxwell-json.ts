import { Buffer } from 'node:buffer';
import type { Op } from '../core/change.ts';
import type { Row, Value } from '../core/value.ts';
import { columnJson, type JsonForms } from './column-json.ts';
import type { RowChange } from './row-change.ts';

/**
 * A change as Maxwell's message:
 *
 *     {"database":"shop","table":"orders","type":"update","ts":1700000000,"data":{"id":1,"note":"y"},"old":{"note":"x"}}
 *
 * `old` holds what an update changed. Rows of a snapshot are of type `bootstrap-insert`. Maxwell's `xid` and `commit` are left out: the first
 * names nothing outside one run of a server, and the second asks to know a transaction's end at its beginning.
 * https://maxwells-daemon.io/dataformat/
 */
export const maxwellJson = ({ op, table, origin, before, after }: RowChange): string => {
  const row = (image: Row, wanted: (value: Value, column: number) => boolean): string => {
    const fields: string[] = [];
    for (const [i, column] of table.columns.entries()) {
      const value = image[i];
      if (value === undefined || !wanted(value, i)) continue;
      fields.push(`${JSON.stringify(column.name)}:${columnJson(column, value, forms)}`);
    }
    return `{${fields.join(',')}}`;
  };
  const old = op === 'update' ? `,"old":${row(before!, (value, i) => !equal(value, after![i]))}` : '';
  const names = `"database":${JSON.stringify(table.database)},"table":${JSON.stringify(table.name)}`;
  const seconds = Math.floor(origin.commitMicros / 1_000_000);
  return `{${names},"type":"${typeOf[op]}","ts":${seconds},"data":${row((after ?? before)!, () => true)}${old}}`;
};

const forms: JsonForms = { decimals: 'number', sets: 'array', documents: 'embedded' };

const typeOf = {
  read: 'bootstrap-insert',
  create: 'insert',
  update: 'update',
  delete: 'delete',
} as const satisfies Record<Op, string>;

const equal = (a: Value, b: Value | undefined): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b;
