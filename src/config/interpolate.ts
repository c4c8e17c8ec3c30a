/**
 * Values from the environment and from files, put into scalars after YAML was parsed, so that no password can break the file:
 *
 *     ${NAME}            the variable; an error when it is not set
 *     ${NAME:-default}   the default when it is not set or empty
 *     ${NAME:?message}   an error with this message when it is not set or empty
 *     ${file:/path}      the file's text without its last line end
 *     $${                the characters ${
 */
import { MillraceError } from '../core/errors.ts';
import type { ConfigNode, ScalarNode } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import { SourceText } from './source-text.ts';

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a small text file; throws as node:fs does. */
  readonly readText: (path: string) => string;
}

/** The node with every value filled in. What cannot be filled in is reported, all of it, and left empty. */
export const interpolate = (node: ConfigNode, surroundings: Surroundings, report: Report): ConfigNode => {
  switch (node.kind) {
    case 'list':
      return { ...node, items: node.items.map((item) => interpolate(item, surroundings, report)) };
    case 'map':
      return {
        ...node,
        // The options within SQL are filled in one by one, so that no password can break a statement.
        entries: node.entries.map((entry) =>
          entry.key === 'sql' && entry.value.kind === 'scalar'
            ? entry
            : { ...entry, value: interpolate(entry.value, surroundings, report) },
        ),
      };
    case 'scalar':
      return node.text.includes('${') ? fill(node, surroundings, report) : node;
  }
};

/** A text that stands in no file of YAML, filled in. Throws CONFIG_INTERPOLATION, CONFIG_VARIABLE_MISSING and CONFIG_UNREADABLE. */
export const interpolateText = (text: string, surroundings: Surroundings): string => {
  if (!text.includes('${')) return text;
  const place = { source: new SourceText('', text), start: 0, end: text.length };
  const node: ScalarNode = { kind: 'scalar', text, plain: false, isNull: false, interpolated: false, place };
  const refuse: Report = (_severity, _place, error) => {
    throw error;
  };
  return fill(node, surroundings, refuse).text;
};

const fill = (node: ScalarNode, surroundings: Surroundings, report: Report): ScalarNode => {
  const { text, place } = node;
  let filled = '';
  let interpolated = false;
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('${', at);
    if (open < 0) break;
    if (open > at && text[open - 1] === '$') {
      filled += `${text.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = text.indexOf('}', open);
    if (close < 0) {
      const reason = 'the closing } is missing';
      report('error', place, new MillraceError('CONFIG_INTERPOLATION', { text: text.slice(open), reason }));
      return node;
    }
    const value = lookUp(text.slice(open + 2, close), surroundings);
    if (value instanceof MillraceError) report('error', place, value);
    else filled += text.slice(at, open) + value;
    interpolated = true;
    at = close + 1;
  }
  return { ...node, text: filled + text.slice(at), interpolated };
};

const lookUp = (inner: string, { env, readText }: Surroundings): string | MillraceError => {
  if (inner.startsWith('file:')) {
    const path = inner.slice('file:'.length);
    try {
      return readText(path).replace(/\r?\n$/, '');
    } catch (error) {
      return new MillraceError('CONFIG_UNREADABLE', { file: path, reason: fileReason(error) });
    }
  }
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])(.*))?$/s.exec(inner);
  if (!match) {
    const reason = 'it names no variable (letters, digits and _) and no file:';
    return new MillraceError('CONFIG_INTERPOLATION', { text: `\${${inner}}`, reason });
  }
  const [, name = '', operator, rest = ''] = match;
  const value = env[name];
  if (operator === '-') return value || rest;
  if (operator === '?')
    return value || new MillraceError('CONFIG_VARIABLE_MISSING', { name, reason: `is needed: ${rest}` });
  return value ?? new MillraceError('CONFIG_VARIABLE_MISSING', { name, reason: 'is not set' });
};

/** What a failed read says, without Node's own code and path around it. */
export const fileReason = (error: unknown): string => {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return (error as Error).message;
  }
};
