import { constant } from '../evaluate/bound.ts';
import { sqlError } from '../sql-error.ts';
import { type SqlType, shortText, string } from '../types/sql-type.ts';
import { convertArguments, type SqlFunction } from './define.ts';

const usage = 'TYPEOF(value[, TRUE])';

/** Functions that a statement answers by itself, before there is a row. */
export const typeFunctions: readonly SqlFunction[] = [
  {
    name: 'TYPEOF',
    category: 'condition',
    usage,
    description: "The value's type as Flink writes it; with TRUE, every length written out.",
    bind: (args, site) => {
      const [value, whole] = convertArguments(args, ['any', 'boolean?'], usage, site);
      if (whole !== undefined && (whole.kind !== 'constant' || whole.value === null))
        throw sqlError('SQL_INVALID', site.argumentSpans[1] ?? site.span, { reason: 'write TRUE or FALSE here' });
      const isWhole = whole?.kind === 'constant' && whole.value === true;
      return constant(written(value!.type, isWhole), string());
    },
  },
];

const written = (type: SqlType, isWhole: boolean): string =>
  `${withoutNull(type, isWhole)}${type.nullable ? '' : ' NOT NULL'}`;

const withoutNull = (type: SqlType, isWhole: boolean): string => {
  switch (type.kind) {
    case 'VARCHAR':
    case 'VARBINARY':
      return isWhole ? `${type.kind}(${type.length})` : shortText(type);
    case 'TIMESTAMP_LTZ':
      return isWhole ? `TIMESTAMP(${type.precision}) WITH LOCAL TIME ZONE` : shortText(type);
    case 'MONTHS':
      return 'INTERVAL MONTH';
    case 'MILLIS':
      return 'INTERVAL SECOND(3)';
    case 'ARRAY':
    case 'MULTISET':
      return `${type.kind}<${written(type.element, isWhole)}>`;
    case 'MAP':
      return `MAP<${written(type.key, isWhole)}, ${written(type.value, isWhole)}>`;
    case 'ROW':
      return `ROW<${type.fields.map((field) => `\`${field.name}\` ${written(field.type, isWhole)}`).join(', ')}>`;
    default:
      return shortText(type);
  }
};
