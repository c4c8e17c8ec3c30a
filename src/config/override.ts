import { MillraceError } from '../core/errors.ts';
import type { ConfigNode, MapEntry, MapNode } from './config-node.ts';
import { type Place, SourceText } from './source-text.ts';

/** The file's tree with `section.key=value` set (`--set`), replacing what it says for that key. Throws CONFIG_OVERRIDE. */
export const override = (root: MapNode, text: string): MapNode => {
  const equals = text.indexOf('=');
  const path = equals < 0 ? [] : text.slice(0, equals).trim().split('.');
  if (path.length < 2 || path.includes('')) {
    throw new MillraceError('CONFIG_OVERRIDE', {
      text: text.slice(0, Math.max(0, equals)),
      reason: 'it is not section.key=value',
    });
  }
  const source = new SourceText('--set', text);
  const keyPlace: Place = { source, start: 0, end: equals };
  const valueText = text.slice(equals + 1);
  const value: ConfigNode = {
    kind: 'scalar',
    text: valueText,
    isNull: valueText === '',
    interpolated: false,
    place: { source, start: equals + 1, end: text.length },
  };
  return setIn(root, path, { key: '', keyPlace, value }, text.slice(0, equals));
};

const setIn = (map: MapNode, [first = '', ...rest]: readonly string[], leaf: MapEntry, path: string): MapNode => {
  const entry = map.entries.find(({ key }) => key === first);
  if (!entry) {
    const below: MapNode = { kind: 'map', entries: [{ ...leaf, key: rest.join('.') }], place: leaf.keyPlace };
    return { ...map, entries: [...map.entries, { ...leaf, key: first, value: below }] };
  }
  const replace = (value: ConfigNode): MapNode => ({
    ...map,
    entries: map.entries.map((other) => (other === entry ? { ...entry, value } : other)),
  });
  if (entry.value.kind === 'map') return replace(setKey(entry.value, rest.join('.'), leaf));
  if (entry.value.kind === 'list') {
    const index = Number(rest[0]);
    const item = entry.value.items[index];
    if (item?.kind === 'map' && rest.length > 1) {
      const items = entry.value.items.with(index, setKey(item, rest.slice(1).join('.'), leaf));
      return replace({ ...entry.value, items });
    }
    const reason = `${first} is a list of ${entry.value.items.length}, and ${rest[0]} is none of its numbers from 0`;
    throw new MillraceError('CONFIG_OVERRIDE', { text: path, reason });
  }
  throw new MillraceError('CONFIG_OVERRIDE', { text: path, reason: `${first} is not a section in the file` });
};

/** Sets a dotted key, after removing it in whatever form it stood there. */
const setKey = (map: MapNode, key: string, leaf: MapEntry): MapNode => ({
  ...map,
  entries: [...without(map.entries, key), { ...leaf, key }],
});

const without = (entries: readonly MapEntry[], key: string): readonly MapEntry[] =>
  entries
    .filter((entry) => entry.key !== key)
    .map((entry) =>
      key.startsWith(`${entry.key}.`) && entry.value.kind === 'map'
        ? {
            ...entry,
            value: { ...entry.value, entries: without(entry.value.entries, key.slice(entry.key.length + 1)) },
          }
        : entry,
    );
