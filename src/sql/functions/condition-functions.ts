import { castTo } from '../bind/cast-to.ts';
import { bindBinary } from '../bind/operators.ts';
import { type Bound, call, constant, routine } from '../evaluate/bound.ts';
import { compareValues } from '../evaluate/comparison.ts';
import type { SqlValue } from '../evaluate/sql-value.ts';
import { sqlError } from '../sql-error.ts';
import { shortText, withNullable } from '../types/sql-type.ts';
import { unifiedType } from '../types/unified-type.ts';
import { type CallSite, convertArguments, define, type SqlFunction } from './define.ts';

/** The arguments as values of one type. */
const unified = (args: readonly Bound[], site: CallSite): readonly Bound[] => {
  const type = unifiedType(args.map((arg) => arg.type));
  if (type === null) {
    const found = args.map((arg) => shortText(arg.type)).join(', ');
    throw sqlError('SQL_TYPE_MISMATCH', site.span, { what: site.name, found, expected: 'values of one type' });
  }
  return args.map((arg) => castTo(arg, type)!);
};

const coalesce = (args: readonly Bound[], site: CallSite): Bound => {
  const values = unified(args, site);
  const type = withNullable(
    values[0]!.type,
    values.every((value) => value.type.nullable),
  );
  return { kind: 'coalesce', args: values, type };
};

const extreme = (name: string, description: string, sign: 1 | -1): SqlFunction => ({
  name,
  category: 'condition',
  usage: `${name}(a, b, ...)`,
  description,
  bind: (args, site) => {
    const values = unified(convertArguments(args, ['any', 'any...'], `${name}(a, b, ...)`, site), site);
    const run = (...all: SqlValue[]): SqlValue =>
      all.reduce((best, value) => (compareValues(value, best) * sign > 0 ? value : best));
    return call(
      routine(name, run),
      values,
      withNullable(
        values[0]!.type,
        values.some((value) => value.type.nullable),
      ),
    );
  },
});

export const conditionFunctions: readonly SqlFunction[] = [
  {
    name: 'COALESCE',
    category: 'condition',
    usage: 'COALESCE(a, b, ...)',
    description: 'The first that is not NULL.',
    bind: (args, site) => coalesce(convertArguments(args, ['any', 'any...'], 'COALESCE(a, b, ...)', site), site),
  },
  {
    name: 'IFNULL',
    category: 'condition',
    usage: 'IFNULL(a, b)',
    description: 'a, or b when a is NULL.',
    bind: (args, site) => coalesce(convertArguments(args, ['any', 'any'], 'IFNULL(a, b)', site), site),
  },
  {
    name: 'NULLIF',
    category: 'condition',
    usage: 'NULLIF(a, b)',
    description: 'NULL when a equals b, otherwise a.',
    bind: (args, site) => {
      const [a, b] = convertArguments(args, ['any', 'any'], 'NULLIF(a, b)', site);
      const type = withNullable(a!.type, true);
      const same = bindBinary('=', a!, b!, site.span);
      return { kind: 'case', branches: [{ when: same, result: constant(null, type) }], otherwise: a!, type };
    },
  },
  {
    name: 'IF',
    category: 'condition',
    usage: 'IF(condition, a, b)',
    description: 'a when the condition holds, otherwise b.',
    bind: (args, site) => {
      const [condition, a, b] = convertArguments(args, ['boolean', 'any', 'any'], 'IF(condition, a, b)', site);
      const [yes, no] = unified([a!, b!], site);
      return {
        kind: 'case',
        branches: [{ when: condition!, result: yes! }],
        otherwise: no!,
        type: withNullable(yes!.type, true),
      };
    },
  },
  extreme('GREATEST', 'The greatest of them; NULL when one is NULL.', 1),
  extreme('LEAST', 'The least of them; NULL when one is NULL.', -1),
  define('condition', 'UUID', {
    usage: 'UUID()',
    description: 'A random UUID.',
    parameters: [],
    returns: { kind: 'CHAR', length: 36, nullable: false },
    contextual: true,
    run: ({ random }: { random: () => number }) => {
      const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
      digits[12] = '4';
      digits[16] = (8 + Math.floor(random() * 4)).toString(16);
      const hex = digits.join('');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
  }),
];
