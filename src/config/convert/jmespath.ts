/**
 * The part of JMESPath that RDI's jobs are mostly made of, as SQL and as key templates. https://jmespath.org/specification.html
 *
 *     concat(['order:', id])      price > `10` && status == 'paid'      upper(name)      {a: b, "c": upper(d)}
 */

type Node =
  | { readonly kind: 'name'; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [name: string, value: Node])[] }
  | { readonly kind: 'index'; readonly of: Node; readonly at: number }
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node };

/** As an expression of SQL; null: it holds something that has no counterpart here. */
export const jmespathSql = (text: string): string | null => {
  const node = parse(text);
  return node && sqlOf(node);
};

/** A multiselect hash as names and expressions of SQL; null: it is none, or holds something that has no counterpart. */
export const jmespathColumns = (text: string): readonly (readonly [name: string, sql: string])[] | null => {
  const node = parse(text);
  if (node?.kind !== 'object') return null;
  const columns = node.entries.map(([name, value]) => [name, sqlOf(value)] as const);
  return columns.every((column): column is readonly [string, string] => column[1] !== null) ? columns : null;
};

/** As a template of keys, `order:%{id}`; null: it cannot be one. */
export const jmespathTemplate = (text: string): string | null => {
  const node = parse(text);
  return node && templateOf(node);
};

const templateOf = (node: Node): string | null => {
  if (node.kind === 'literal' && node.value !== null) return String(node.value).replaceAll('%{', '%%{');
  if (node.kind === 'name') return variableOf(node.path);
  // Of a key of one column.
  if (node.kind === 'index' && node.at === 0 && node.of.kind === 'call' && node.of.name === 'values') return '%{key}';
  if (node.kind !== 'call' || node.name !== 'concat' || node.args[0]?.kind !== 'list') return null;
  const parts = node.args[0].items.map(templateOf);
  return parts.includes(null) ? null : parts.join('');
};

const variableOf = (path: readonly string[]): string | null => {
  const [first, second] = path;
  if (path.length === 1) return first === 'table' ? '%{table}' : first === 'db' ? '%{database}' : `%{${first}}`;
  return path.length === 2 && rowNames.has(first!) ? `%{${second}}` : null;
};

/** What stands before a column's name where a job has `row_format: full`. */
const rowNames = new Set(['after', 'key']);

const sqlOf = (node: Node): string | null => {
  switch (node.kind) {
    case 'name':
      return node.path.length === 1 || (node.path.length === 2 && rowNames.has(node.path[0]!))
        ? quotedName(node.path.at(-1)!)
        : null;
    case 'literal':
      return typeof node.value === 'string'
        ? `'${node.value.replaceAll("'", "''")}'`
        : String(node.value).toUpperCase();
    case 'call': {
      const list = node.name === 'concat' && node.args[0]?.kind === 'list' ? node.args[0].items : node.args;
      const args = list.map(sqlOf);
      const name = functions.get(node.name);
      return name === undefined || args.includes(null) ? null : `${name}(${args.join(', ')})`;
    }
    case 'not': {
      const of = sqlOf(node.of);
      return of && `NOT (${of})`;
    }
    case 'binary': {
      const left = sqlOf(node.left);
      const right = sqlOf(node.right);
      if (left === null || right === null) return null;
      if (right === 'NULL') return `${left} IS ${node.operator === '!=' ? 'NOT ' : ''}NULL`;
      return `(${left} ${operators.get(node.operator)} ${right})`;
    }
    default:
      return null;
  }
};

const functions = new Map([
  ['concat', 'CONCAT'],
  ['upper', 'UPPER'],
  ['lower', 'LOWER'],
  ['replace', 'REPLACE'],
  ['abs', 'ABS'],
  ['ceil', 'CEIL'],
  ['floor', 'FLOOR'],
]);

const operators = new Map([
  ['==', '='],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['&&', 'AND'],
  ['||', 'OR'],
]);

const quotedName = (name: string): string => (/^[a-z_]\w*$/i.test(name) ? name : `\`${name.replaceAll('`', '``')}\``);

const tokens =
  /\s*(?:([A-Za-z_]\w*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`|(-?\d+)|(&&|\|\||==|!=|<=|>=|[<>!()[\]{},.:]))/y;

interface Token {
  readonly kind: 'name' | 'literal' | 'number' | 'sign';
  readonly text: string;
  readonly value?: string | number | boolean | null;
}

/** null: it is no JMESPath, or of a part that is not known here. */
const parse = (text: string): Node | null => {
  const found = tokensOf(text.trim());
  if (found === null) return null;
  let at = 0;
  const isSign = (sign: string): boolean => found[at]?.kind === 'sign' && found[at]?.text === sign;
  const takes = (sign: string): boolean => {
    if (!isSign(sign)) return false;
    at += 1;
    return true;
  };
  const listed = <Item>(end: string, item: () => Item | null): readonly Item[] | null => {
    const items: Item[] = [];
    if (takes(end)) return items;
    do {
      const next = item();
      if (next === null) return null;
      items.push(next);
    } while (takes(','));
    return takes(end) ? items : null;
  };
  const entry = (): readonly [string, Node] | null => {
    const name = found[at++];
    if (name?.kind !== 'name' || !takes(':')) return null;
    const value = binary(0);
    return value && [name.text, value];
  };
  const primary = (): Node | null => {
    if (takes('!')) {
      const of = primary();
      return of && { kind: 'not', of };
    }
    if (takes('(')) {
      const inner = binary(0);
      return takes(')') ? inner : null;
    }
    if (takes('[')) {
      const items = listed(']', () => binary(0));
      return items && { kind: 'list', items };
    }
    if (takes('{')) {
      const entries = listed('}', entry);
      return entries && { kind: 'object', entries };
    }
    const token = found[at++];
    if (token?.kind === 'literal') return { kind: 'literal', value: token.value! };
    if (token?.kind !== 'name') return null;
    if (takes('(')) {
      const args = listed(')', () => binary(0));
      return args && { kind: 'call', name: token.text, args };
    }
    const path = [token.text];
    while (takes('.')) {
      const next = found[at++];
      if (next?.kind !== 'name') return null;
      path.push(next.text);
    }
    return { kind: 'name', path };
  };
  const indexed = (): Node | null => {
    let node = primary();
    while (node !== null && isSign('[') && found[at + 1]?.kind === 'number') {
      node = { kind: 'index', of: node, at: Number(found[at + 1]!.text) };
      at += 2;
      if (!takes(']')) return null;
    }
    return node;
  };
  const binary = (lowest: number): Node | null => {
    let left = indexed();
    while (left !== null && found[at]?.kind === 'sign') {
      const operator: string = found[at]!.text;
      const rank = ['||', '&&'].indexOf(operator) + 1 || (operators.has(operator) ? 3 : 0);
      if (rank === 0 || rank <= lowest) break;
      at += 1;
      const right = binary(rank);
      left = right && { kind: 'binary', operator, left, right };
    }
    return left;
  };
  const node = binary(0);
  return at === found.length ? node : null;
};

const tokensOf = (text: string): readonly Token[] | null => {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const match = tokens.exec(text);
    if (match === null) return null;
    const [, name, quoted, raw, json, number, sign] = match;
    if (name !== undefined) found.push({ kind: 'name', text: name });
    else if (quoted !== undefined) found.push({ kind: 'name', text: quoted.replaceAll(/\\(.)/g, '$1') });
    else if (raw !== undefined) found.push({ kind: 'literal', text: raw, value: raw.replaceAll("\\'", "'") });
    else if (json !== undefined) found.push({ kind: 'literal', text: json, value: jsonValue(json) });
    else if (number !== undefined) found.push({ kind: 'number', text: number });
    else found.push({ kind: 'sign', text: sign! });
  }
  return found;
};

/** Words that are no JSON stand for themselves between backticks, as RDI's own examples have them. */
const jsonValue = (text: string): string | number | boolean | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? text : (value as string | number | boolean | null);
  } catch {
    return text;
  }
};
