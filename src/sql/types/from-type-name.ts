import type { TypeName } from '../ast/type-name.ts';
import { sqlError } from '../sql-error.ts';
import { MAX_LENGTH, MAX_PRECISION, plain, type SqlType } from './sql-type.ts';

/** The type that a text names. Throws SQL_INVALID or SQL_NOT_SUPPORTED with the place. */
export const fromTypeName = (name: TypeName): SqlType => ({ ...plainType(name), nullable: name.nullable ?? true });

const plainType = (name: TypeName): SqlType => {
  switch (name.kind) {
    case 'type':
      return scalarType(name, name.name, name.parameters);
    case 'array':
      return { kind: 'ARRAY', element: fromTypeName(name.element), nullable: true };
    case 'map':
      return { kind: 'MAP', key: fromTypeName(name.key), value: fromTypeName(name.value), nullable: true };
    case 'row':
      return {
        kind: 'ROW',
        fields: name.fields.map((field) => ({ name: field.name.name, type: fromTypeName(field.type) })),
        nullable: true,
      };
    case 'interval': {
      const { from, to } = name.interval;
      const units = to === null ? from : `${from} TO ${to}`;
      return { kind: from === 'YEAR' || from === 'MONTH' ? 'MONTHS' : 'MILLIS', units, nullable: true };
    }
    case 'multiset':
      throw sqlError('SQL_NOT_SUPPORTED', name, {
        what: 'MULTISET as a type by name',
        reason: 'COLLECT makes multisets within a query; use ARRAY for a column',
      });
    case 'raw':
      throw sqlError('SQL_NOT_SUPPORTED', name, { what: 'RAW', reason: 'it holds an object of the JVM' });
    case 'named': {
      const written = name.path.map((part) => part.name).join('.');
      throw sqlError('SQL_UNKNOWN_NAME', name, {
        what: 'type',
        name: written,
        suggestion: familiar[written.toUpperCase()] ?? null,
      });
    }
  }
};

/** What other systems' type names are called here. */
const familiar: Readonly<Record<string, string>> = {
  TEXT: 'STRING',
  DATETIME: 'TIMESTAMP(3)',
  JSON: 'STRING',
  BLOB: 'BYTES',
  BOOL: 'BOOLEAN',
  SIGNED: 'BIGINT',
  MEDIUMINT: 'INT',
};

const scalarType = (name: TypeName, kind: string, parameters: readonly number[]): SqlType => {
  const between = (what: string, value: number, least: number, most: number): number => {
    if (value >= least && value <= most) return value;
    throw sqlError('SQL_INVALID', name, {
      reason: `${what} of ${kind} goes from ${least} to ${most}, and this is ${value}`,
    });
  };
  const [first, second] = parameters;
  switch (kind) {
    case 'DECIMAL': {
      const precision = between('the precision', first ?? 10, 1, MAX_PRECISION);
      return { kind, precision, scale: between('the scale', second ?? 0, 0, precision), nullable: true };
    }
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return {
        kind,
        length: between('the length', first ?? (kind === 'VARCHAR' ? MAX_LENGTH : 1), 1, MAX_LENGTH),
        nullable: true,
      };
    case 'STRING':
      return { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true };
    case 'BYTES':
      return { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true };
    case 'TIME':
      return { kind, precision: between('the precision', first ?? 0, 0, 9), nullable: true };
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const precision = between('the precision', first ?? 6, 0, 9);
      if (precision > 6) {
        const reason = 'times are kept in microseconds, as MySQL has them; use a precision up to 6';
        throw sqlError('SQL_NOT_SUPPORTED', name, { what: `${kind}(${precision})`, reason });
      }
      return { kind, precision, nullable: true };
    }
    default:
      return plain(kind as Parameters<typeof plain>[0]);
  }
};
