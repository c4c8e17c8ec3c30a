import { MillraceError } from '../../../core/errors.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { KeyTemplate } from '../key-template.ts';

/** A field of a hash with the column that holds until when it lives. Positions in the table. */
export interface FieldExpiry {
  readonly column: number;
  readonly until: number;
  readonly field: Buffer;
}

export const fieldExpirySetting = 'source.tableId-to-field-expiry.mapping';

/** `column(until),column(until)`, of a table of hashes. Throws CONFIG_WRONG_VALUE. */
export const fieldExpiries = (
  text: string | undefined,
  table: Table,
  { shape, keys }: { readonly shape: string; readonly keys: KeyTemplate },
): readonly FieldExpiry[] => {
  if (text === undefined) return [];
  const refuse = (reason: string): never => {
    throw new MillraceError('CONFIG_WRONG_VALUE', { key: fieldExpirySetting, reason: `"${text}": ${reason}` });
  };
  if (shape !== 'hash')
    refuse(`${qualifiedName(table)} is of type ${shape}, and only a hash of one row has such fields`);
  const taken = new Set(keys.columns);
  const take = (name: string): number => {
    const column = table.columns.findIndex((other) => other.name === name);
    if (column < 0) refuse(`${qualifiedName(table)} has no column ${name}`);
    if (taken.has(column)) refuse(`${name} is in the key, or stands here twice`);
    taken.add(column);
    return column;
  };
  return text.split(',').map((each) => {
    const [, field, until] = /^\s*([^()]+?)\s*\(\s*([^()]+?)\s*\)\s*$/.exec(each) ?? refuse('it is not column(until)');
    const column = take(field!);
    const moment = take(until!);
    checkMoment(table, moment, fieldExpirySetting);
    return { column, until: moment, field: Buffer.from(field!) };
  });
};

/** Throws CONFIG_WRONG_VALUE for a column that does not hold a moment with its milliseconds: MySQL would round them, or refuse every row. */
export const checkMoment = (table: Table, at: number, key: string): void => {
  const { name, type } = table.columns[at]!;
  if (type.kind === 'datetime' && type.fsp >= 3) return;
  const reason = `${name} of ${qualifiedName(table)} is to hold when something expires, to the millisecond; declare it DATETIME(3)`;
  throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason });
};
