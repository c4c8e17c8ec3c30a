/**
 * One section of a pipeline file against the settings it may hold: keys found (dotted and nested are the same), other tools'
 * names taken over, values given the type their setting asks for, and all of it checked by the section's schema.
 */
import type { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { expectation, type Setting } from '../core/settings-shape.ts';
import { type Alias, aliases, withoutCounterpart } from './aliases.ts';
import { type ConfigNode, describeNode, type MapEntry, type MapNode, type ScalarNode } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import type { Place } from './source-text.ts';

export interface SectionShape {
  /** How messages call it: `source`, `sink[1]`. */
  readonly name: string;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Finds the section in which a key that is unknown here would be right; null: none. */
  readonly belongsUnder: (key: string) => string | null;
}

/** A setting's value in the file. */
export interface Found {
  readonly keyPlace: Place;
  readonly node: ConfigNode;
}

export interface FoundSettings {
  readonly found: ReadonlyMap<string, Found>;
  /** Keys that something refused was meant to be: reporting them as missing too would say the same thing twice. */
  readonly misspelt: ReadonlySet<string>;
}

/** Every setting that `map` sets, under its own key. What cannot be one is reported. */
export const findSettings = (map: MapNode, shape: SectionShape, report: Report): FoundSettings => {
  const found = new Map<string, Found>();
  const misspelt = new Set<string>();
  const records = new Map<string, MapEntry[]>();

  const put = (key: string, keyPlace: Place, node: ConfigNode): void => {
    const first = found.get(key);
    if (!first) found.set(key, { keyPlace, node });
    else {
      const firstLine = first.keyPlace.source.positionOf(first.keyPlace.start).line;
      report('error', keyPlace, new MillraceError('CONFIG_DUPLICATE_KEY', { key, firstLine }));
    }
  };

  const putRecord = (key: string, inner: string, entry: MapEntry): void => {
    if (inner !== '' && entry.value.kind !== 'map') {
      const entries = records.get(key) ?? [];
      if (entries.length === 0) records.set(key, entries);
      entries.push({ ...entry, key: inner });
      if (!found.has(key)) put(key, entry.keyPlace, { kind: 'map', entries, place: entry.value.place });
    } else if (entry.value.kind === 'map') {
      for (const below of entry.value.entries)
        putRecord(key, inner === '' ? below.key : `${inner}.${below.key}`, below);
    } else put(key, entry.keyPlace, entry.value);
  };

  const visit = (entry: MapEntry, key: string): void => {
    const setting = shape.settings.get(key);
    const nested = entry.value.kind === 'map' && hasKeysBelow(shape, key) ? entry.value.entries : null;
    const record = shape.settings.values().find((other) => other.isRecord && key.startsWith(`${other.key}.`));
    if (setting?.isRecord) putRecord(key, '', entry);
    else if (setting && !nested) put(key, entry.keyPlace, entry.value);
    else if (record) putRecord(record.key, key.slice(record.key.length + 1), entry);
    else if (nested) for (const below of nested) visit(below, `${key}.${below.key}`);
    else if (!takeOver(key, entry, { shape, has: (ours) => found.has(ours), put, misspelt, report }))
      misspelt.add(reportUnknown(key, entry, shape, report) ?? key);
  };

  // What Flink CDC hands through to Debezium goes last, behind what the file says by its own names.
  const [own, handedOn] = [false, true].map((asked) => map.entries.filter(({ key }) => isHandedOn(key) === asked));
  for (const entry of [...own!, ...handedOn!]) visit(entry, entry.key);
  return { found, misspelt };
};

const isHandedOn = (key: string): boolean => key === 'debezium' || key.startsWith('debezium.');

const hasKeysBelow = (shape: SectionShape, key: string): boolean => {
  const prefix = `${key}.`;
  return (
    shape.settings.keys().some((other) => other.startsWith(prefix)) ||
    aliases.some((alias) => alias.name.startsWith(prefix) && applies(alias, shape)) ||
    withoutCounterpart.some((other) => other.name.startsWith(prefix))
  );
};

const applies = (alias: Alias, shape: SectionShape): boolean =>
  alias.keys.every((key) => shape.settings.has(key)) && !shape.settings.has(alias.name);

interface TakingOver {
  readonly shape: SectionShape;
  /** Whether a key is set so far. */
  readonly has: (key: string) => boolean;
  readonly put: (key: string, keyPlace: Place, node: ConfigNode) => void;
  readonly misspelt: Set<string>;
  readonly report: Report;
}

/** Reads a key that is another tool's name for something; false: it is not. */
const takeOver = (
  key: string,
  { keyPlace, value }: MapEntry,
  { shape, has, put, misspelt, report }: TakingOver,
): boolean => {
  const name = key.startsWith('debezium.') ? key.slice('debezium.'.length) : key;
  const alias = aliases.find((other) => other.name === name && applies(other, shape));
  if (alias) {
    const { tool, keys } = alias;
    const said = isHandedOn(key) ? keys.find((ours) => has(ours)) : undefined;
    if (said !== undefined) {
      report('warning', keyPlace, new MillraceError('CONFIG_NO_EFFECT', { key, reason: `${said} says it` }));
      return true;
    }
    report('warning', keyPlace, new MillraceError('CONFIG_ALIAS', { alias: key, tool, keys }));
    if (value.kind !== 'scalar' || !alias.convert) {
      put(keys[0]!, keyPlace, value);
      return true;
    }
    const converted = alias.convert(value.text);
    if ('refused' in converted) {
      const reason = converted['refused'] as string;
      for (const ours of keys) misspelt.add(ours);
      report('error', value.place, new MillraceError('CONFIG_ALIAS_VALUE', { alias: key, tool, reason }));
    } else for (const [ours, text] of Object.entries(converted)) put(ours, keyPlace, { ...value, text, isNull: false });
    return true;
  }
  const other = withoutCounterpart.find(({ name }) => (name.endsWith('.') ? key.startsWith(name) : key === name));
  if (!other) return false;
  report('warning', keyPlace, new MillraceError('CONFIG_NO_EFFECT', { key, reason: other.reason }));
  return true;
};

/** Reports a key that is none, and gives the one it was probably meant to be. */
const reportUnknown = (key: string, { keyPlace }: MapEntry, shape: SectionShape, report: Report): string | null => {
  const known = [...shape.settings.keys()];
  const prefixes = known.flatMap((name) =>
    name.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.')),
  );
  const suggestion = nearestName(key, [...known, ...prefixes]);
  const belongsUnder = shape.belongsUnder(key);
  report(
    'error',
    keyPlace,
    new MillraceError('CONFIG_UNKNOWN_KEY', { key, section: shape.name, suggestion, belongsUnder }),
  );
  return suggestion;
};

/** The section's checked values, defaults filled in; null when something is wrong with them, which was reported. */
export const checkSettings = (
  { found, misspelt }: FoundSettings,
  schema: z.ZodType,
  shape: SectionShape,
  sectionPlace: Place,
  report: Report,
): unknown => {
  let usable = true;
  const values: Record<string, unknown> = {};
  for (const [key, { keyPlace, node }] of found) {
    const setting = shape.settings.get(key);
    if (!setting) continue;
    if (setting.withoutEffect !== null) {
      report('warning', keyPlace, new MillraceError('CONFIG_NO_EFFECT', { key, reason: setting.withoutEffect }));
      continue;
    }
    if (setting.secret && node.kind === 'scalar' && !node.interpolated && node.text !== '') {
      report('warning', node.place, new MillraceError('CONFIG_LITERAL_SECRET', { key }));
    }
    if (fits(node, setting)) values[key] = toValue(node, setting);
    else {
      usable = false;
      const reason = `expected ${expectation(setting)}, found ${shown(node, setting)}${meant(node, setting)}`;
      report('error', node.place, new MillraceError('CONFIG_WRONG_VALUE', { key, reason }));
    }
  }
  const result = schema.safeParse(values);
  if (result.success) return usable ? result.data : null;
  for (const issue of result.error.issues) {
    const [key, ...rest] = issue.path.map(String);
    const setting = key === undefined ? undefined : shape.settings.get(key);
    const at = key === undefined ? undefined : found.get(key);
    if (!setting || key === undefined) {
      const reason = issue.message;
      report('error', sectionPlace, new MillraceError('CONFIG_WRONG_VALUE', { key: shape.name, reason }));
    } else if (at) {
      // A value of the wrong kind was reported above, and zod only saw that it is not there.
      if (!(key in values)) continue;
      const place = nodeAt(at.node, rest);
      const reason =
        issue.code === 'custom' || issue.code === 'invalid_format'
          ? issue.message
          : `expected ${expectation(setting)}, found ${shown(place, setting)}${meant(place, setting)}`;
      report('error', place.place, new MillraceError('CONFIG_WRONG_VALUE', { key, reason }));
    } else if (issue.code === 'custom') {
      if (misspelt.has(key)) continue;
      report('error', sectionPlace, new MillraceError('CONFIG_WRONG_VALUE', { key, reason: issue.message }));
    } else if (!misspelt.has(key))
      report('error', sectionPlace, new MillraceError('CONFIG_MISSING_KEY', { key, section: shape.name }));
  }
  return null;
};

const NUMERIC = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;
const BOOLEAN = /^\s*(true|false)\s*$/i;

/** Whether a node has one of the forms that a setting takes. */
const fits = (node: ConfigNode, { accepts }: Setting): boolean => {
  if (node.kind === 'map')
    return accepts.has('mapping') && node.entries.every((entry) => entry.value.kind === 'scalar');
  if (node.kind === 'list') return accepts.has('list') && node.items.every((item) => item.kind === 'scalar');
  if (node.isNull) return false;
  return (
    accepts.has('string') ||
    (accepts.has('number') && NUMERIC.test(node.text)) ||
    (accepts.has('boolean') && BOOLEAN.test(node.text))
  );
};

/** The value that the setting's schema checks. Text stays as written wherever text is taken: `0123` is four digits. */
const toValue = (node: ConfigNode, setting: Setting): unknown => {
  if (node.kind === 'list') return node.items.map((item) => (item as ScalarNode).text);
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, value }) => [key, (value as ScalarNode).text]));
  if (setting.accepts.has('string')) return node.text;
  if (setting.accepts.has('number') && NUMERIC.test(node.text)) return Number(node.text);
  return node.text.trim().toLowerCase() === 'true';
};

const nodeAt = (node: ConfigNode, path: readonly string[]): ConfigNode => {
  const [first, ...rest] = path;
  if (first === undefined) return node;
  if (node.kind === 'list') return node.items[Number(first)] ? nodeAt(node.items[Number(first)]!, rest) : node;
  if (node.kind !== 'map') return node;
  const below = node.entries.find((entry) => entry.key === first);
  return below ? nodeAt(below.value, rest) : node;
};

const shown = (node: ConfigNode, { secret }: Setting): string =>
  secret && node.kind === 'scalar' && !node.isNull ? '***' : describeNode(node);

const meant = (node: ConfigNode, { choices }: Setting): string => {
  const near = node.kind === 'scalar' && choices !== null ? nearestName(node.text, choices) : null;
  return near === null ? '' : `; did you mean ${near}?`;
};
