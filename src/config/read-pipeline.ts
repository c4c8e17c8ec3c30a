/** One pipeline of a file: its sections, each against the settings it may hold. */
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import type { RegisteredConnector } from '../connectors/registry.ts';
import type { Connector } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { type Setting, settingsOf } from '../core/settings-shape.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import { checkTransform } from './check-transform.ts';
import { type ConfigNode, describeNode, type MapEntry, type MapNode, mapEntry } from './config-node.ts';
import { type Connections, withConnection } from './connection-use.ts';
import type { Report } from './diagnostic.ts';
import {
  type PipelineSettings,
  type ProcessSettings,
  pipelineSettings,
  processSettings,
  type RouteSettings,
  routeSettings,
  sinkSettings,
  sourceSettings,
  type TransformSettings,
  transformSettings,
} from './frame.ts';
import { insteadOf } from './other-connectors.ts';
import type { LoadOptions, PipelineFile, Section, SinkSection, SourceSection } from './pipeline-file.ts';
import { readSignals } from './read-signals.ts';
import { checkSettings, type Found, type FoundSettings, findSettings, type SectionShape } from './section.ts';
import type { Place } from './source-text.ts';
import { readSql } from './sql-section.ts';
import { routeProblem } from './table-route.ts';
import { readTests } from './tests-section.ts';

export interface FrameReading {
  readonly options: LoadOptions;
  readonly report: Report;
  readonly hide: (place: Place, text: string) => void;
  /** The pipeline's sections. */
  readonly root: MapNode;
  readonly connections: Connections;
  /** The settings of every section seen so far, for "belongs under". */
  readonly sections: SectionShape[];
}

/** The sections that a pipeline has. */
export const pipelineSections: readonly string[] = [
  'source',
  'sink',
  'process',
  'transform',
  'route',
  'pipeline',
  'tests',
  'sql',
];

/** What messages call the pipeline, and the name it has when its settings give none; null: it must give one. */
interface PipelineIdentity {
  readonly where: string;
  readonly name: string | null;
}

/** Null: it cannot run, which was reported. */
export const readPipeline = async (read: FrameReading, identity: PipelineIdentity): Promise<PipelineFile | null> => {
  const { root, report } = read;
  const sql = mapEntry(root, 'sql');
  if (sql !== undefined) return await readQueries(read, sql, identity);
  const whole = root.place;
  const sources = await readSections(read, 'source', sourceSettings, identity);
  const sinks = await readSections(read, 'sink', sinkSettings, identity);
  const processes = readProcesses(read);
  const transforms = readTransforms(read);
  const routes = readRoutes(read);
  const settings = readPipelineSection(read);
  const tests = readTests(mapEntry(root, 'tests'), report);
  const start = { ...whole, end: whole.start };
  for (const [role, sections] of Object.entries({ source: sources, sink: sinks })) {
    if (sections.length === 0 && !mapEntry(root, role))
      report('error', start, new MillraceError('CONFIG_MISSING_KEY', { key: role, section: identity.where }));
  }
  const kinds = new Set(sources.map((source) => source?.connector.type));
  if (kinds.size > 1 && !kinds.has(undefined)) {
    const reason = `sources in one pipeline are of one type, and these are ${[...kinds].join(' and ')}`;
    report(
      'error',
      mapEntry(root, 'source')?.keyPlace ?? whole,
      new MillraceError('CONFIG_WRONG_VALUE', { key: 'source', reason }),
    );
  }
  if (!settings || sources.includes(null) || sinks.includes(null)) return null;
  const name = settings.name ?? identity.name;
  if (name === null) {
    report('error', start, new MillraceError('CONFIG_MISSING_KEY', { key: 'name', section: identity.where }));
    return null;
  }
  const ends = { sources: sources as SourceSection[], sinks: sinks as SinkSection[] };
  return {
    name,
    ...ends,
    processes,
    transforms,
    routes,
    settings,
    signals: readSignals(read, settings, ends),
    tests,
    sql: null,
  };
};

/** A pipeline of queries: what they read and write is declared within them. */
const readQueries = async (
  read: FrameReading,
  entry: MapEntry,
  { where, name: defaultName }: PipelineIdentity,
): Promise<PipelineFile | null> => {
  const { root, report } = read;
  let fits = true;
  for (const key of pipelineSections) {
    const other = key === 'sql' || key === 'pipeline' ? undefined : mapEntry(root, key);
    if (other === undefined) continue;
    const reason = 'stands beside `sql`, which declares what it reads and writes with CREATE TABLE';
    report('error', other.keyPlace, new MillraceError('CONFIG_WRONG_VALUE', { key, reason }));
    fits = false;
  }
  const sql = await readSql(read, entry);
  const settings = readPipelineSection(read);
  if (sql === null || settings === null || !fits) return null;
  const name = settings.name ?? sql.name ?? defaultName;
  if (name === null) {
    report(
      'error',
      { ...root.place, end: root.place.start },
      new MillraceError('CONFIG_MISSING_KEY', { key: 'name', section: where }),
    );
    return null;
  }
  const ends = { sources: [], sinks: [] };
  const signals = readSignals(read, settings, ends);
  return { name, ...ends, processes: [], transforms: [], routes: [], settings, signals, tests: [], sql };
};

const frameShapes: readonly (readonly [name: string, schema: z.ZodType])[] = [
  ['pipeline', pipelineSettings],
  ['transform', transformSettings],
  ['route', routeSettings],
  ['process', processSettings],
  ['source', sourceSettings],
  ['sink', sinkSettings],
];

/** The section other than `except` that knows `key`; null: none. */
export const sectionOf = (read: FrameReading, key: string, except: string | null): string | null => {
  const frame = frameShapes.find(([name, schema]) => name !== except && settingsOf(schema).has(key));
  const section = read.sections.find(({ name, settings }) => name !== except && settings.has(key));
  return section?.name ?? frame?.[0] ?? null;
};

type Role = 'source' | 'sink';
type SharedSettings = { readonly name?: string | undefined };

const readSections = async <Frame extends SharedSettings>(
  read: FrameReading,
  role: Role,
  frameSchema: z.ZodType<Frame>,
  { where }: PipelineIdentity,
): Promise<readonly (Section<Frame> | null)[]> => {
  const entry = mapEntry(read.root, role);
  if (!entry) return [];
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const sections: (Section<Frame> | null)[] = [];
  const names = new Set<string>();
  for (const [index, node] of items.entries()) {
    const label = entry.value.kind === 'list' ? `${role}[${index}]` : role;
    const section = await readSection(read, { role, label, frameSchema, entry }, node);
    if (section && names.has(section.name)) {
      const reason = `another ${role} is called ${section.name} too; give each its own name`;
      read.report('error', node.place, new MillraceError('CONFIG_WRONG_VALUE', { key: `${label} name`, reason }));
    }
    if (section) names.add(section.name);
    sections.push(section);
  }
  if (items.length === 0)
    read.report('error', entry.keyPlace, new MillraceError('CONFIG_MISSING_KEY', { key: role, section: where }));
  return sections;
};

interface SectionReading<Frame> {
  readonly role: Role;
  readonly label: string;
  readonly frameSchema: z.ZodType<Frame>;
  readonly entry: MapEntry;
}

const readSection = async <Frame extends SharedSettings>(
  read: FrameReading,
  { role, label, frameSchema, entry }: SectionReading<Frame>,
  node: ConfigNode,
): Promise<Section<Frame> | null> => {
  const { report, options } = read;
  if (node.kind !== 'map') {
    const details = { where: label, expected: 'a mapping of settings', found: describeNode(node) };
    report('error', node.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return null;
  }
  // In a list each entry starts at its own first key; otherwise the section's name is what a message points at.
  const place = node === entry.value ? entry.keyPlace : (node.entries[0]?.keyPlace ?? node.place);
  const whole = withConnection(node, read.connections, report);
  const connector = whole && (await findConnector(whole, { role, label, place }, options, report));
  if (!connector) return null;

  const frameSettings = settingsOf(frameSchema);
  const ownSettings = settingsOf(connector.config);
  const settings = new Map<string, Setting>([...frameSettings, ...ownSettings]);
  const shape: SectionShape = { name: label, settings, belongsUnder: (key) => sectionOf(read, key, label) };
  read.sections.push(shape);
  const { found, misspelt } = findSettings(whole, shape, report);
  hideSecrets(found, settings, read.hide);

  const part = (keys: ReadonlyMap<string, unknown>): FoundSettings => ({
    found: new Map([...found].filter(([key]) => keys.has(key))),
    misspelt,
  });
  const frame = checkSettings(part(frameSettings), frameSchema, shape, place, report) as Frame | null;
  const config = checkSettings(part(ownSettings), connector.config, shape, place, report);
  if (frame === null || config === null) return null;
  if (found.has('columns.hash') && !found.has('columns.hash.salt')) {
    const reason = 'needs columns.hash.salt, without which short values are guessed from their hashes';
    report(
      'error',
      found.get('columns.hash')!.keyPlace,
      new MillraceError('CONFIG_WRONG_VALUE', { key: 'columns.hash', reason }),
    );
    return null;
  }
  const ownName = (config as { readonly name?: unknown }).name;
  const name = frame.name ?? (typeof ownName === 'string' ? ownName : connector.type);
  return { name, connector, config, frame };
};

/** Remembers the secrets among a section's settings, so that no message shows them. */
const hideSecrets = (
  found: ReadonlyMap<string, Found>,
  settings: ReadonlyMap<string, Setting>,
  hide: FrameReading['hide'],
): void => {
  for (const [key, { node }] of found) {
    if (settings.get(key)?.secret && node.kind === 'scalar' && node.text !== '') hide(node.place, node.text);
  }
};

const findConnector = async (
  node: MapNode,
  { role, label, place }: { readonly role: Role; readonly label: string; readonly place: Place },
  options: LoadOptions,
  report: Report,
): Promise<Connector | null> => {
  const type = mapEntry(node, 'type');
  if (!type) {
    report('error', place, new MillraceError('CONFIG_MISSING_KEY', { key: 'type', section: label }));
    return null;
  }
  const able = options.connectors.filter(({ roles }) => roles.includes(role));
  const name = type.value.kind === 'scalar' ? type.value.text : '';
  const registered = able.find((other) => other.type === name);
  if (registered) return registered.load();
  report('error', type.value.place, unknownConnector(role, name, able));
  return null;
};

const unknownConnector = (role: Role, type: string, able: readonly RegisteredConnector[]): MillraceError => {
  const instead = insteadOf(role, type);
  if (instead !== null)
    return new MillraceError('CONFIG_NO_COUNTERPART', { what: `${role} ${type}`, tool: 'Flink CDC', instead });
  const known = able.map((other) => other.type);
  return new MillraceError('CONFIG_UNKNOWN_CONNECTOR', { type, role, known, suggestion: nearestName(type, known) });
};

/** Looks at the keys of a connection as a section would that uses it; what sections must add themselves is not asked for. */
export const checkConnection = async (read: FrameReading, name: string, connection: MapNode): Promise<void> => {
  const { options, report } = read;
  const label = `connections.${name}`;
  const type = mapEntry(connection, 'type')?.value;
  const typeName = type?.kind === 'scalar' ? type.text : '';
  const registered = options.connectors.filter((other) => other.type === typeName);
  if (registered.length === 0) {
    if (type === undefined) {
      const place = connection.entries[0]?.keyPlace ?? connection.place;
      report('error', place, new MillraceError('CONFIG_MISSING_KEY', { key: 'type', section: label }));
      return;
    }
    const role = insteadOf('sink', typeName) === null ? 'source' : 'sink';
    report('error', type.place, unknownConnector(role, typeName, options.connectors));
    return;
  }
  // One name may stand for a source and a sink, each with settings of its own.
  const schemas = await Promise.all(registered.map(async (each) => (await each.load()).config));
  const settings = new Map<string, Setting>(
    [sourceSettings, sinkSettings, ...schemas].flatMap((schema) => [...settingsOf(schema)]),
  );
  const shape: SectionShape = { name: label, settings, belongsUnder: (key) => sectionOf(read, key, null) };
  const { found } = findSettings(connection, shape, (severity, place, error) => {
    // Other tools' names get their warning where the connection is used.
    if (severity === 'error') report(severity, place, error);
  });
  hideSecrets(found, settings, read.hide);
};

const readProcesses = (read: FrameReading): readonly ProcessSettings[] => {
  const entry = mapEntry(read.root, 'process');
  if (!entry) return [];
  const { report, root } = read;
  if (entry.value.kind !== 'list') {
    const details = {
      where: 'process',
      expected: 'a list of `module` and `source-table`',
      found: describeNode(entry.value),
    };
    report('error', entry.value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return [];
  }
  return entry.value.items.flatMap((node, index) => {
    const process = readFixedSection(read, `process[${index}]`, processSettings, node, node.place);
    if (!process) return [];
    try {
      tablePatterns([process['source-table']], []);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      const at = node.kind === 'map' ? mapEntry(node, 'source-table') : undefined;
      report('error', at?.value.place ?? node.place, error);
    }
    return [{ ...process, module: resolve(dirname(root.place.source.name), process.module) }];
  });
};

const readTransforms = (read: FrameReading): readonly TransformSettings[] => {
  const entry = mapEntry(read.root, 'transform');
  if (!entry) return [];
  if (entry.value.kind !== 'list') {
    const details = {
      where: 'transform',
      expected: 'a list of `source-table`, `projection` and `filter`',
      found: describeNode(entry.value),
    };
    read.report('error', entry.value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return [];
  }
  return entry.value.items.flatMap((node, index) => {
    const transform = readFixedSection(read, `transform[${index}]`, transformSettings, node, node.place);
    if (transform && node.kind === 'map') checkTransform(transform, node, read.report);
    return transform ? [transform] : [];
  });
};

const readRoutes = (read: FrameReading): readonly RouteSettings[] => {
  const entry = mapEntry(read.root, 'route');
  if (!entry) return [];
  const { report } = read;
  if (entry.value.kind !== 'list') {
    const details = {
      where: 'route',
      expected: 'a list of `source-table` and `sink-table`',
      found: describeNode(entry.value),
    };
    report('error', entry.value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return [];
  }
  return entry.value.items.flatMap((node, index) => {
    const route = readFixedSection(read, `route[${index}]`, routeSettings, node, node.place);
    if (!route) return [];
    const problem = routeProblem(route);
    if (problem !== null) {
      const at = node.kind === 'map' ? mapEntry(node, problem.key) : undefined;
      report('error', at?.value.place ?? node.place, problem.error);
    }
    return [route];
  });
};

const readPipelineSection = (read: FrameReading): PipelineSettings | null => {
  const entry = mapEntry(read.root, 'pipeline');
  if (!entry) return pipelineSettings.parse({});
  const settings = readFixedSection(read, 'pipeline', pipelineSettings, entry.value, entry.keyPlace);
  if (!settings) return null;
  const wrong = (key: string, reason: string): void => {
    const at = entry.value.kind === 'map' ? mapEntry(entry.value, key)?.value.place : undefined;
    read.report('error', at ?? entry.keyPlace, new MillraceError('CONFIG_WRONG_VALUE', { key, reason }));
  };
  if (settings['errors.tolerance'] === 'all' && settings['errors.deadletterqueue.path'] === undefined) {
    wrong('errors.tolerance', 'all needs errors.deadletterqueue.path, the file for refused rows');
  }
  return settings;
};

/** A section whose settings belong to no connector. */
export const readFixedSection = <Schema extends z.ZodType>(
  read: FrameReading,
  label: string,
  schema: Schema,
  node: ConfigNode,
  place: Place,
): z.output<Schema> | null => {
  if (node.kind !== 'map') {
    const details = { where: label, expected: 'a mapping of settings', found: describeNode(node) };
    read.report('error', node.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return null;
  }
  const settings = settingsOf(schema);
  const shape: SectionShape = { name: label, settings, belongsUnder: (key) => sectionOf(read, key, label) };
  const found = findSettings(node, shape, read.report);
  return checkSettings(found, schema, shape, place, read.report) as z.output<Schema> | null;
};
