import { commonDecimal } from './decimal-rules.ts';
import {
  isApproximate,
  isBinary,
  isInteger,
  isNumeric,
  isText,
  isTimestamp,
  type SqlType,
  withNullable,
} from './sql-type.ts';

const integerOrder = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'];

/** The type that values of all of these take where they meet (CASE, COALESCE, ARRAY, IN, UNION); null: there is none. */
export const unifiedType = (types: readonly SqlType[]): SqlType | null => {
  const nullable = types.some((type) => type.nullable);
  let common: SqlType | null = null;
  for (const type of types) {
    if (type.kind === 'NULL') continue;
    common = common === null ? type : commonOfTwo(common, type);
    if (common === null) return null;
  }
  return withNullable(common ?? { kind: 'NULL', nullable: true }, nullable);
};

const commonOfTwo = (a: SqlType, b: SqlType): SqlType | null => {
  const nullable = a.nullable || b.nullable;
  if (isNumeric(a) && isNumeric(b)) return commonNumber(a, b, nullable);
  if (isText(a) && isText(b)) {
    const length = Math.max(a.length, b.length);
    const fixed = a.kind === 'CHAR' && b.kind === 'CHAR' && a.length === b.length;
    return { kind: fixed ? 'CHAR' : 'VARCHAR', length, nullable };
  }
  if (isBinary(a) && isBinary(b)) {
    const fixed = a.kind === 'BINARY' && b.kind === 'BINARY' && a.length === b.length;
    return { kind: fixed ? 'BINARY' : 'VARBINARY', length: Math.max(a.length, b.length), nullable };
  }
  if (isTimestamp(a) && isTimestamp(b) && 'precision' in a && 'precision' in b) {
    const local = a.kind === 'TIMESTAMP_LTZ' || b.kind === 'TIMESTAMP_LTZ';
    const precision = Math.max(a.precision, b.precision);
    return { kind: local ? 'TIMESTAMP_LTZ' : 'TIMESTAMP', precision, nullable };
  }
  if (a.kind === 'DATE' && isTimestamp(b)) return withNullable(b, nullable);
  if (b.kind === 'DATE' && isTimestamp(a)) return withNullable(a, nullable);
  if (a.kind === 'TIME' && b.kind === 'TIME') {
    return { kind: 'TIME', precision: Math.max(a.precision, b.precision), nullable };
  }
  if ((a.kind === 'ARRAY' && b.kind === 'ARRAY') || (a.kind === 'MULTISET' && b.kind === 'MULTISET')) {
    const element = unifiedType([a.element, b.element]);
    return element === null ? null : { kind: a.kind, element, nullable };
  }
  if (a.kind === 'MAP' && b.kind === 'MAP') {
    const [key, value] = [unifiedType([a.key, b.key]), unifiedType([a.value, b.value])];
    return key === null || value === null ? null : { kind: 'MAP', key, value, nullable };
  }
  if (a.kind === 'ROW' && b.kind === 'ROW' && a.fields.length === b.fields.length) {
    const fields = a.fields.map((field, index) => {
      const type = unifiedType([field.type, b.fields[index]!.type]);
      return type === null ? null : { name: field.name, type };
    });
    return fields.includes(null) ? null : { kind: 'ROW', fields: fields.filter((field) => field !== null), nullable };
  }
  return a.kind === b.kind ? withNullable(a, nullable) : null;
};

const commonNumber = (a: SqlType, b: SqlType, nullable: boolean): SqlType => {
  if (isInteger(a) && isInteger(b)) {
    return withNullable(integerOrder.indexOf(a.kind) >= integerOrder.indexOf(b.kind) ? a : b, nullable);
  }
  if (isApproximate(a) || isApproximate(b)) {
    return { kind: a.kind === 'FLOAT' && b.kind === 'FLOAT' ? 'FLOAT' : 'DOUBLE', nullable };
  }
  return { kind: 'DECIMAL', ...commonDecimal(a, b), nullable };
};
