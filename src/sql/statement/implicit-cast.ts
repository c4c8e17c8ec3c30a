import { isApproximate, isBinary, isExact, isInteger, isText, type SqlType } from '../types/sql-type.ts';

/**
 * Whether INSERT INTO may give values of one type to a column of another without a CAST in the query, by Flink's rules: numbers to wider
 * ones, DECIMAL from every number, FLOAT and DOUBLE from every exact one, texts to texts, bytes to bytes, dates and times to
 * those that hold as much of them.
 */
export const castsImplicitly = (from: SqlType, to: SqlType): boolean => {
  if (from.kind === 'NULL') return true;
  if (isInteger(to)) return isInteger(from) && sizes.indexOf(from.kind) <= sizes.indexOf(to.kind);
  if (isText(to)) return isText(from);
  if (isBinary(to)) return isBinary(from);
  switch (to.kind) {
    case 'DECIMAL':
      return isExact(from) || isApproximate(from);
    case 'FLOAT':
      return isExact(from) || from.kind === 'FLOAT';
    case 'DOUBLE':
      return isExact(from) || isApproximate(from);
    case 'DATE':
    case 'TIME':
      return from.kind === to.kind || from.kind === 'TIMESTAMP';
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return from.kind === 'TIMESTAMP' || from.kind === 'TIMESTAMP_LTZ';
    case 'ARRAY':
      return from.kind === 'ARRAY' && castsImplicitly(from.element, to.element);
    case 'MAP':
      return from.kind === 'MAP' && castsImplicitly(from.key, to.key) && castsImplicitly(from.value, to.value);
    case 'ROW':
      return (
        from.kind === 'ROW' &&
        from.fields.length === to.fields.length &&
        from.fields.every((field, index) => castsImplicitly(field.type, to.fields[index]!.type))
      );
    default:
      return from.kind === to.kind;
  }
};

const sizes = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'];
