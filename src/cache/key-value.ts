import { MillraceError } from '../core/errors.ts';
import type { ColumnType } from '../core/table.ts';
import type { Value } from '../core/value.ts';

/** Whose value it is, for errors. */
export interface KeyPlace {
  readonly table: string;
  readonly column: string;
}

/**
 * A key's value as the table's own rows have it, since any other form would name another key; only a bigint is taken for the number that
 * it fits. Throws CACHE_KEY_INVALID.
 */
export const keyValue = (value: unknown, type: ColumnType, place: KeyPlace): Value => {
  const reason = valueProblem(value, type);
  if (reason === null) return canonical(value as Value);
  throw new MillraceError('CACHE_KEY_INVALID', { ...place, reason });
};

/** A whole number is a bigint only where no number holds it. */
export const canonical = (value: Value): Value =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** Why a value is none that rows have in a column of `type`, or null. NULL is none. */
export const valueProblem = (value: unknown, type: ColumnType): string | null => {
  if (value === undefined || value === null) return 'it is missing';
  switch (type.kind) {
    case 'integer':
    case 'year':
    case 'bit':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? null : 'it is no whole number';
    case 'float':
    case 'double':
      return typeof value === 'number' ? null : 'it is no number';
    case 'binary':
    case 'geometry':
    case 'vector':
      return value instanceof Uint8Array ? null : 'it is no Uint8Array';
    case 'enum':
      return typeof value === 'string' && type.values.includes(value) ? null : 'it is none of its members';
    default: {
      if (typeof value !== 'string') return 'it is no string';
      const form = formOf(type);
      return form === null || form.pattern.test(value) ? null : `it is not as MySQL shows it, ${form.example}`;
    }
  }
};

interface Form {
  readonly pattern: RegExp;
  readonly example: string;
}

const forms = new WeakMap<ColumnType, Form>();

const formOf = (type: ColumnType): Form | null => {
  const known = forms.get(type);
  if (known !== undefined) return known;
  const form = makeForm(type);
  if (form !== null) forms.set(type, form);
  return form;
};

const makeForm = (type: ColumnType): Form | null => {
  switch (type.kind) {
    case 'decimal': {
      const fraction = type.scale === 0 ? '' : `\\.\\d{${type.scale}}`;
      return { pattern: new RegExp(`^-?(0|[1-9]\\d*)${fraction}$`), example: `with ${type.scale} decimals` };
    }
    case 'date':
      return { pattern: /^\d{4}-\d\d-\d\d$/, example: 'YYYY-MM-DD' };
    case 'time':
      return { pattern: new RegExp(`^-?\\d{2,3}:\\d\\d:\\d\\d${digits(type.fsp)}$`), example: 'hh:mm:ss' };
    case 'datetime':
    case 'timestamp':
      return {
        pattern: new RegExp(`^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d${digits(type.fsp)}$`),
        example: `YYYY-MM-DD hh:mm:ss with ${type.fsp} digits behind the point`,
      };
    default:
      return null;
  }
};

const digits = (fsp: number): string => (fsp === 0 ? '' : `\\.\\d{${fsp}}`);
