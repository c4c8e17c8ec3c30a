import { type Bound, call, constant } from '../evaluate/bound.ts';
import { castRoutine } from '../evaluate/cast.ts';
import { type SqlType, withNullable } from '../types/sql-type.ts';

/** Whether two types hold values of one and the same form, so that nothing has to be converted. */
const sameForm = (from: SqlType, to: SqlType): boolean => {
  if (from.kind === to.kind) {
    switch (from.kind) {
      case 'DECIMAL':
        return to.kind === 'DECIMAL' && from.scale === to.scale && from.precision <= to.precision;
      case 'CHAR':
      case 'BINARY':
        return 'length' in to && from.length === to.length;
      case 'VARCHAR':
      case 'VARBINARY':
        return 'length' in to && from.length <= to.length;
      case 'TIME':
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return 'precision' in to && from.precision <= to.precision;
      case 'ARRAY':
        return to.kind === 'ARRAY' && sameForm(from.element, to.element);
      case 'MULTISET':
        return to.kind === 'MULTISET' && sameForm(from.element, to.element);
      case 'MAP':
        return to.kind === 'MAP' && sameForm(from.key, to.key) && sameForm(from.value, to.value);
      case 'ROW':
        return (
          to.kind === 'ROW' &&
          to.fields.length === from.fields.length &&
          from.fields.every((field, index) => sameForm(field.type, to.fields[index]!.type))
        );
      default:
        return true;
    }
  }
  if (from.kind === 'CHAR' && to.kind === 'VARCHAR') return from.length <= to.length;
  const order = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'];
  const [low, high] = [order.indexOf(from.kind), order.indexOf(to.kind)];
  return (low >= 0 && low <= high) || (from.kind === 'FLOAT' && to.kind === 'DOUBLE');
};

/**
 * `operand` as a value of `to`, which keeps the operand's word about NULL unless the conversion itself may give NULL. Null:
 * there is no such conversion.
 */
export const castTo = (operand: Bound, to: SqlType): Bound | null => {
  const from = operand.type;
  if (from.kind === 'NULL') return constant(null, withNullable(to, true));
  const type = withNullable(to, from.nullable);
  if (sameForm(from, to)) return { ...operand, type };
  const routine = castRoutine(from, to);
  return routine === null ? null : call(routine, [operand], type);
};
