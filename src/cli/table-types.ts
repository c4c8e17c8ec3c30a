import { type Column, type ColumnType, qualifiedName, type Table } from '../core/table.ts';
import { keyColumnsOf } from '../formats/key-columns.ts';

/**
 * TypeScript types of rows as millrace has them (core/value.ts): an interface for each table, and one that names all of them by
 * `database.table`, which `createCache<Tables>` takes. `from` is said in the head.
 */
export const tableTypes = (tables: readonly Table[], from: string): string => {
  const names = new Set<string>();
  const typed = tables.map((table) => ({ table, name: freeName(nameOf(table), names) }));
  const head = `/**
 * Rows of ${commentText(from)}, as \`millrace types\` found their tables. Decimals, times and JSON are the text that MySQL shows, TIMESTAMP in UTC;
 * a number beyond 2^53 is a bigint. An ENUM that holds its error value is ''.
 */
`;
  const index = typed.map(({ table, name }) => {
    const key = keyColumnsOf(table).map((at) => literal(table.columns[at]!.name));
    return `  readonly ${literal(qualifiedName(table))}: { readonly row: ${name}; readonly key: ${key.join(' | ') || 'never'} };\n`;
  });
  const interfaces = typed.map(({ table, name }) => `${interfaceOf(table, name)}\n`);
  return `${head}\n${interfaces.join('')}/** By \`database.table\`: what a row is, and which columns name it. */\nexport interface Tables {\n${index.join('')}}\n`;
};

const interfaceOf = (table: Table, name: string): string => {
  const lines = table.columns.map((column) => {
    const comment = [column.declaration, column.comment].filter((text) => text !== null && text !== '').join(': ');
    const told = comment === '' ? '' : `  /** ${commentText(comment)} */\n`;
    return `${told}  readonly ${propertyName(column.name)}: ${typeOf(column)};\n`;
  });
  const about = table.comment === null || table.comment === '' ? '' : `: ${table.comment}`;
  return `/** ${commentText(`${qualifiedName(table)}${about}`)} */\nexport interface ${name} {\n${lines.join('')}}\n`;
};

const typeOf = ({ type, nullable }: Column): string => `${valueType(type)}${nullable ? ' | null' : ''}`;

const valueType = (type: ColumnType): string => {
  switch (type.kind) {
    case 'integer':
      return type.bits === 64 ? 'number | bigint' : 'number';
    case 'bit':
      return type.length > 53 ? 'number | bigint' : 'number';
    case 'year':
    case 'float':
    case 'double':
      return 'number';
    case 'enum':
      return type.values.map(literal).join(' | ');
    case 'binary':
    case 'geometry':
    case 'vector':
      return 'Uint8Array';
    default:
      return 'string';
  }
};

/** `order_items` of `shop` becomes `ShopOrderItems`. */
const nameOf = ({ database, name }: Table): string => {
  const words = `${database} ${name}`.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const joined = words.map((word) => `${word[0]!.toUpperCase()}${word.slice(1)}`).join('');
  return /^\p{L}/u.test(joined) ? joined : `Table${joined}`;
};

const freeName = (wanted: string, taken: Set<string>): string => {
  let name = wanted;
  for (let number = 2; taken.has(name) || name === 'Tables'; number += 1) name = `${wanted}${number}`;
  taken.add(name);
  return name;
};

const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

const literal = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

/** What cannot end a comment, nor begin another line. */
const commentText = (text: string): string => text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ');
