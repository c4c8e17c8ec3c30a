import { MillraceError } from '../core/errors.ts';
import type { ConfigNode, ListNode, MapEntry, MapNode } from './config-node.ts';
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
    plain: true,
    interpolated: false,
    place: { source, start: equals + 1, end: text.length },
  };
  const leaf: MapEntry = { key: '', keyPlace, value };
  const [first, second = '', ...rest] = path;
  const owner = root.entries.find(({ key }) => key === first)?.value;
  // A pipeline of several is a file of its own; a connection is one section.
  if (first === 'pipelines' && owner?.kind === 'list') {
    const item = owner.items[Number(second)];
    if (item?.kind !== 'map' || rest.length === 0) throw noEntry(text.slice(0, equals), 'pipelines', owner, second);
    const one = rest.length === 1 ? setKey(item, rest[0]!, leaf) : setIn(item, rest, leaf, text.slice(0, equals));
    return replaceEntry(root, 'pipelines', { ...owner, items: owner.items.with(Number(second), one) });
  }
  if (first === 'connections' && owner?.kind === 'map')
    return replaceEntry(root, 'connections', setIn(owner, [second, ...rest], leaf, text.slice(0, equals)));
  return setIn(root, path, leaf, text.slice(0, equals));
};

const replaceEntry = (map: MapNode, key: string, value: ConfigNode): MapNode => ({
  ...map,
  entries: map.entries.map((entry) => (entry.key === key ? { ...entry, value } : entry)),
});

const noEntry = (text: string, name: string, list: ListNode, index: string): MillraceError => {
  const reason = `${name} is a list of ${list.items.length}, and ${index} is none of its numbers from 0`;
  return new MillraceError('CONFIG_OVERRIDE', { text, reason });
};

const setIn = (map: MapNode, [first = '', ...rest]: readonly string[], leaf: MapEntry, path: string): MapNode => {
  const entry = map.entries.find(({ key }) => key === first);
  if (!entry) {
    const below: MapNode = { kind: 'map', entries: [{ ...leaf, key: rest.join('.') }], place: leaf.keyPlace };
    return { ...map, entries: [...map.entries, { ...leaf, key: first, value: below }] };
  }
  const replace = (value: ConfigNode): MapNode => replaceEntry(map, first, value);
  if (entry.value.kind === 'map') return replace(setKey(entry.value, rest.join('.'), leaf));
  if (entry.value.kind === 'list') {
    const index = Number(rest[0]);
    const item = entry.value.items[index];
    if (item?.kind === 'map' && rest.length > 1) {
      const items = entry.value.items.with(index, setKey(item, rest.slice(1).join('.'), leaf));
      return replace({ ...entry.value, items });
    }
    throw noEntry(path, first, entry.value, String(rest[0]));
  }
  throw new MillraceError('CONFIG_OVERRIDE', { text: path, reason: `${first} is not a section in the file` });
};

/** Sets a dotted key, after removing it in whatever form it stood there. */
const setKey = (map: MapNode, key: string, leaf: MapEntry): MapNode => ({
  ...map,
  entries: [...without(map.entries, key), { ...leaf, key }],
});

/** The entries without a dotted key, in whatever form it stands there. */
export const without = (entries: readonly MapEntry[], key: string): readonly MapEntry[] =>
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
