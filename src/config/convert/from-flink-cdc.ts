/** A Flink CDC pipeline file, tidied: what has no effect here is left out, secrets become variables, a target that is not here is replaced. */
import { stringify } from 'yaml';
import { MillraceError } from '../../core/errors.ts';
import { type Setting, settingsOf } from '../../core/settings-shape.ts';
import { type ConfigNode, type MapNode, mapEntry, parseYaml } from '../config-node.ts';
import { pipelineSettings } from '../frame.ts';
import { insteadOf } from '../other-connectors.ts';
import { SourceText } from '../source-text.ts';
import { Draft, type DraftSection, holdsSecret } from './draft.ts';
import { takeOver } from './take-over.ts';
import { fileInstead, type KnownSinks, kafkaSink } from './target-sink.ts';

export const fromFlinkCdc = (
  file: string,
  text: string,
  { sinks, sourceSettings }: { readonly sinks: KnownSinks; readonly sourceSettings: ReadonlyMap<string, Setting> },
): Draft => {
  const root = parseYaml(new SourceText(file, text), (_, place, error) => {
    const line = place === null ? '' : `line ${place.source.positionOf(place.start).line}: `;
    throw new MillraceError('CONVERT_INPUT', { file, reason: `${line}${error.message}` });
  });
  const source = root?.kind === 'map' ? mapEntry(root, 'source')?.value : undefined;
  if (root?.kind !== 'map' || source?.kind !== 'map')
    throw new MillraceError('CONVERT_INPUT', { file, reason: 'it has no `source` section' });
  const draft = new Draft(`Flink CDC's ${file}`);
  const type = scalarOf(source, 'type');
  const elsewhere = type === 'mysql' ? null : (insteadOf('source', type) ?? 'only MySQL and MariaDB are read');
  if (elsewhere !== null)
    throw new MillraceError('CONVERT_INPUT', { file, reason: `its source is ${type}: ${elsewhere}` });
  takeSection(draft, draft.source, leaves(source), sourceSettings, 'MYSQL');
  takeSink(draft, mapEntry(root, 'sink')?.value, sinks);
  const pipeline = mapEntry(root, 'pipeline')?.value;
  if (pipeline?.kind === 'map')
    takeSection(draft, draft.pipeline, leaves(pipeline), settingsOf(pipelineSettings), 'PIPELINE');
  takeRoutes(draft, mapEntry(root, 'route')?.value);
  const transform = mapEntry(root, 'transform')?.value;
  if (transform) draft.taken.push(stringify({ transform: plain(transform) }, { lineWidth: 0, singleQuote: true }));
  for (const { key } of root.entries)
    if (!['source', 'sink', 'pipeline', 'route', 'transform'].includes(key))
      draft.left(key, 'there is no such section');
  return draft;
};

type Leaf = readonly [key: string, node: ConfigNode];

const leaves = (map: MapNode, prefix = ''): readonly Leaf[] =>
  map.entries.flatMap(({ key, value }): readonly Leaf[] =>
    value.kind === 'map' ? leaves(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value]],
  );

const takeSection = (
  draft: Draft,
  section: DraftSection,
  entries: readonly Leaf[],
  settings: ReadonlyMap<string, Setting>,
  variables: string,
): void => {
  for (const [key, node] of entries) {
    const setting = settings.get(key);
    const text = node.kind === 'scalar' ? node.text : '';
    if (setting?.withoutEffect != null) draft.left(key, setting.withoutEffect);
    else if (setting?.secret || (setting !== undefined && holdsSecret(key)))
      draft.secret(section, key, `${variables}_PASSWORD`, key);
    else if (setting !== undefined || key === 'type' || key === 'name') {
      if (node.kind === 'list')
        section.set(
          key,
          node.items.map((item) => (item.kind === 'scalar' ? item.text : '')),
        );
      else draft.text(section, key, text);
    } else if (key.startsWith('debezium.')) {
      const before = new Map(section.entries.map((entry) => [entry.key, entry.value]));
      if (takeOver(draft, section, 'Debezium', key.slice('debezium.'.length), text))
        for (const [ours, value] of before) section.set(ours, value);
      else draft.left(key, 'no Debezium engine is used');
    } else if (!takeOver(draft, section, 'Flink CDC', key, text)) draft.left(key, 'there is no such setting');
  }
};

const takeSink = (draft: Draft, node: ConfigNode | undefined, sinks: KnownSinks): void => {
  if (node?.kind !== 'map') {
    fileInstead(draft, 'sink', 'the file has no sink');
    return;
  }
  const type = scalarOf(node, 'type');
  const name = scalarOf(node, 'name');
  const isPrinter = type === 'values' || type === 'print';
  if (sinks.has(type)) {
    draft.sink.set('type', type);
    for (const [key, value] of leaves(node)) {
      const text = value.kind === 'scalar' ? value.text : '';
      if (key === 'type') continue;
      if (holdsSecret(key)) draft.secret(draft.sink, key, `${type.toUpperCase()}_SECRET`, key);
      else {
        const reason = key === 'name' ? null : sinks.refuses(type, key, text);
        if (reason === null) draft.text(draft.sink, key, text);
        else draft.left(key, reason);
      }
    }
  } else if (isPrinter) {
    draft.sink.set('type', 'file');
    draft.sink.set('path', '-');
    draft.changed(`sink ${type}`, 'each change is printed as a line of JSON');
  } else if (!kafkaSink(draft, sinks, null, `sink ${type}`)) {
    draft.changed(`sink ${type}`, insteadOf('sink', type) ?? 'it has no counterpart');
  } else {
    draft.left(`sink ${type}`, insteadOf('sink', type) ?? 'it has no counterpart; write to Kafka and load from there');
  }
  if (name !== '' && !draft.sink.has('name')) draft.text(draft.sink, 'name', name);
};

const takeRoutes = (draft: Draft, node: ConfigNode | undefined): void => {
  for (const item of node?.kind === 'list' ? node.items : []) {
    if (item.kind !== 'map') continue;
    const symbol = scalarOf(item, 'replace-symbol');
    const source = scalarOf(item, 'source-table');
    draft.routes.push({ source, target: scalarOf(item, 'sink-table'), ...(symbol === '' ? {} : { symbol }) });
  }
};

const scalarOf = (map: MapNode, key: string): string => {
  const node = mapEntry(map, key)?.value;
  return node?.kind === 'scalar' ? node.text : '';
};

const plain = (node: ConfigNode): unknown => {
  if (node.kind === 'list') return node.items.map(plain);
  if (node.kind === 'map') return Object.fromEntries(node.entries.map(({ key, value }) => [key, plain(value)]));
  return node.text;
};
