import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { type ConfigNode, describeNode, type MapEntry, type MapNode, mapEntry } from './config-node.ts';
import type { Report } from './diagnostic.ts';
import { without } from './override.ts';

/** The named connections of a file: settings that sections take over with `use`. */
export type Connections = ReadonlyMap<string, MapNode>;

export const readConnections = (entry: MapEntry | undefined, report: Report): Connections => {
  const connections = new Map<string, MapNode>();
  if (!entry) return connections;
  if (entry.value.kind !== 'map') {
    const details = { where: 'connections', expected: 'a mapping of names', found: describeNode(entry.value) };
    report('error', entry.value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return connections;
  }
  for (const { key, value } of entry.value.entries) {
    if (value.kind === 'map') connections.set(key, value);
    else {
      const details = { where: `connections.${key}`, expected: 'a mapping of settings', found: describeNode(value) };
      report('error', value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    }
  }
  return connections;
};

/**
 * The section with the settings of the connection it uses under its own; what it sets itself goes first, in whatever form either
 * is written. Null: there is no such connection, which was reported.
 */
export const withConnection = (section: MapNode, connections: Connections, report: Report): MapNode | null => {
  const use = mapEntry(section, 'use');
  if (!use) return section;
  const name = use.value.kind === 'scalar' ? use.value.text : '';
  const connection = connections.get(name);
  if (!connection) {
    const known = [...connections.keys()];
    const details = { name, known, suggestion: nearestName(name, known) };
    report('error', use.value.place, new MillraceError('CONFIG_UNKNOWN_CONNECTION', details));
    return null;
  }
  const kept = leafKeys(section).reduce((entries, key) => without(entries, key), connection.entries);
  return { ...section, entries: [...section.entries, ...kept.filter((entry) => !isEmptyMap(entry.value))] };
};

/** Every setting's dotted key. */
const leafKeys = (map: MapNode): readonly string[] =>
  map.entries.flatMap(({ key, value }) =>
    value.kind === 'map' ? [key, ...leafKeys(value).map((below) => `${key}.${below}`)].slice(1) : [key],
  );

const isEmptyMap = (node: ConfigNode): boolean => node.kind === 'map' && node.entries.length === 0;
