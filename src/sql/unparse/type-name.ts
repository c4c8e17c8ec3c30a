import type { IntervalUnits, TypeName } from '../ast/type-name.ts';
import { dottedText, listText, nameText, stringText } from './names.ts';

export const typeNameText = (type: TypeName): string =>
  `${plainText(type)}${type.nullable === null ? '' : type.nullable ? ' NULL' : ' NOT NULL'}`;

const plainText = (type: TypeName): string => {
  switch (type.kind) {
    case 'type':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.join(', ')})`;
    case 'array':
      return `ARRAY<${typeNameText(type.element)}>`;
    case 'multiset':
      return `MULTISET<${typeNameText(type.element)}>`;
    case 'map':
      return `MAP<${typeNameText(type.key)}, ${typeNameText(type.value)}>`;
    case 'row':
      return `ROW(${listText(type.fields, ({ name, type, comment }) => `${nameText(name)} ${typeNameText(type)}${comment === null ? '' : ` ${stringText(comment)}`}`)})`;
    case 'interval':
      return `INTERVAL ${intervalUnitsText(type.interval)}`;
    case 'raw':
      return `RAW(${stringText(type.className)}, ${stringText(type.serializer)})`;
    case 'named':
      return dottedText(type.path);
  }
};

export const intervalUnitsText = ({ from, precision, to, fraction }: IntervalUnits): string => {
  const first =
    precision === null ? from : `${from}(${precision}${to === null && fraction !== null ? `, ${fraction}` : ''})`;
  return to === null ? first : `${first} TO ${to}${fraction === null ? '' : `(${fraction})`}`;
};
