/**
 * Reads a pipeline file: `source`, `sink`, `route`, `pipeline`, in Flink CDC's words. Everything that is wrong with it is
 * reported at once, each finding with its place, and nothing is connected to.
 */
import { basename } from 'node:path';
import type { z } from 'zod';
import type { RegisteredConnector } from '../connectors/registry.ts';
import type { Connector } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { tablePatterns } from '../core/table-pattern.ts';
import { type ConfigNode, describeNode, type MapEntry, type MapNode, mapEntry, parseYaml } from './config-node.ts';
import type { Diagnostic, Report } from './diagnostic.ts';
import {
  type PipelineSettings,
  pipelineSettings,
  type RouteSettings,
  routeSettings,
  type SinkSettings,
  type SourceSettings,
  sectionsNotYet,
  sinkSettings,
  sourceSettings,
} from './frame.ts';
import { fileReason, interpolate, type Surroundings } from './interpolate.ts';
import { nearestName } from './nearest-name.ts';
import { override } from './override.ts';
import { namesSecret, redactor } from './redact.ts';
import { checkSettings, type Found, type FoundSettings, findSettings, type SectionShape } from './section.ts';
import { type Setting, settingsOf } from './settings-shape.ts';
import { type Place, SourceText } from './source-text.ts';

export interface LoadOptions extends Surroundings {
  readonly connectors: readonly RegisteredConnector[];
  /** `section.key=value` each, applied over the file (`--set`). */
  readonly overrides: readonly string[];
  readonly version: string;
}

/** What a file says, checked, with every default filled in. */
export interface PipelineFile {
  readonly name: string;
  readonly sources: readonly SourceSection[];
  readonly sinks: readonly SinkSection[];
  readonly routes: readonly RouteSettings[];
  readonly settings: PipelineSettings;
}

interface Section<Frame> {
  /** Unique in the file. */
  readonly name: string;
  readonly connector: Connector;
  /** What the connector's schema made of the section. */
  readonly config: unknown;
  readonly frame: Frame;
}
export type SourceSection = Section<SourceSettings>;
export type SinkSection = Section<SinkSettings>;

export interface LoadedFile {
  readonly file: string;
  /** Null when any diagnostic is an error. */
  readonly pipeline: PipelineFile | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Where secrets stand in the file: excerpts leave them out. */
  readonly secretPlaces: readonly Place[];
  /** Replaces the file's secrets, wherever they came from, by `***`. */
  readonly redact: (text: string) => string;
}

/** No pipeline file is larger; a path that names data instead is refused before it is parsed. */
const MAX_BYTES = 1_048_576;

const unfilled: ReadonlySet<string> = new Set(['CONFIG_VARIABLE_MISSING', 'CONFIG_INTERPOLATION', 'CONFIG_UNREADABLE']);

export const loadPipelineFile = async (file: string, options: LoadOptions): Promise<LoadedFile> => {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (severity, place, error) => {
    const here = diagnostics.filter(
      (other) => other.place?.source === place?.source && other.place?.start === place?.start,
    );
    // A value that could not be filled in is wrong in no other way, and a pattern repeated in a list is wrong once.
    const known = here.some(({ error: other }) => unfilled.has(other.code) || other.message === error.message);
    if (!known) diagnostics.push({ severity, place, error });
  };
  const secrets = new Set<string>();
  const secretPlaces: Place[] = [];
  const pipeline = await readFrame(file, options, report, (place, text) => {
    secretPlaces.push(place);
    secrets.add(text);
  });
  diagnostics.sort((a, b) => orderOf(a.place, file) - orderOf(b.place, file));
  const usable = diagnostics.every(({ severity }) => severity === 'warning');
  return { file, pipeline: usable ? pipeline : null, diagnostics, secretPlaces, redact: redactor(secrets) };
};

/** Findings without a place first, then those of the file from top to bottom, then those of `--set`. */
const orderOf = (place: Place | null, file: string): number => {
  if (place === null) return -1;
  return place.source.name === file ? place.start : MAX_BYTES + place.start;
};

type HideSecret = (place: Place, text: string) => void;

const readFrame = async (
  file: string,
  options: LoadOptions,
  report: Report,
  hide: HideSecret,
): Promise<PipelineFile | null> => {
  const root = readTree(file, options, report);
  if (!root) return null;
  hideByName(root, hide);

  const whole = root.place;
  const read: FrameReading = { options, report, hide, root, sections: [] };
  reportUnknownSections(read);
  const sources = await readSections(read, 'source', sourceSettings);
  const sinks = await readSections(read, 'sink', sinkSettings);
  const routes = readRoutes(read);
  const settings = readPipelineSection(read);
  for (const [role, sections] of Object.entries({ source: sources, sink: sinks })) {
    if (sections.length === 0 && !mapEntry(root, role)) {
      report(
        'error',
        { ...whole, end: whole.start },
        new MillraceError('CONFIG_MISSING_KEY', { key: role, section: 'the file' }),
      );
    }
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
  return {
    name: settings.name ?? basename(file).replace(/\.ya?ml$/i, ''),
    sources: sources as SourceSection[],
    sinks: sinks as SinkSection[],
    routes,
    settings,
  };
};

/** The file's tree with variables and overrides put in; null: it is unusable, which was reported. */
const readTree = (file: string, options: LoadOptions, report: Report): MapNode | null => {
  let text: string;
  try {
    text = options.readText(file);
  } catch (error) {
    report('error', null, new MillraceError('CONFIG_UNREADABLE', { file, reason: fileReason(error) }));
    return null;
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    report('error', null, new MillraceError('CONFIG_TOO_LARGE', { file, bytes, limit: MAX_BYTES }));
    return null;
  }
  if (text.includes('\0')) {
    report('error', null, new MillraceError('CONFIG_SYNTAX', { reason: 'it holds zero bytes, so it is no text file' }));
    return null;
  }
  const source = new SourceText(file, text.replace(/^\uFEFF/, ''));
  const tree = parseYaml(source, report);
  if (!tree) return null;
  if (tree.kind !== 'map') {
    const details = { where: 'the file', expected: 'the sections source and sink', found: describeNode(tree) };
    report('error', tree.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return null;
  }
  let map: MapNode = tree;
  for (const text of options.overrides) {
    try {
      map = override(map, text);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      report('error', null, error);
    }
  }
  return interpolate(map, options, report) as MapNode;
};

/** Hides values under keys whose name says so, before anything about the file is printed. */
const hideByName = (node: ConfigNode, hide: HideSecret, key = ''): void => {
  if (node.kind === 'map') for (const entry of node.entries) hideByName(entry.value, hide, entry.key);
  else if (node.kind === 'list') for (const item of node.items) hideByName(item, hide, key);
  else if (namesSecret(key) && node.text !== '') hide(node.place, node.text);
};

interface FrameReading {
  readonly options: LoadOptions;
  readonly report: Report;
  readonly hide: HideSecret;
  readonly root: MapNode;
  /** The settings of every section seen so far, for "belongs under". */
  readonly sections: SectionShape[];
}

const sectionNames = ['source', 'sink', 'route', 'pipeline'];

const reportUnknownSections = (read: FrameReading): void => {
  const { report, root, options } = read;
  for (const { key, keyPlace } of root.entries) {
    if (sectionNames.includes(key)) continue;
    if (sectionsNotYet.includes(key)) {
      report('error', keyPlace, new MillraceError('CONFIG_NOT_SUPPORTED_YET', { key, version: options.version }));
      continue;
    }
    const suggestion = nearestName(key, [...sectionNames, ...sectionsNotYet]);
    const belongsUnder = suggestion === null ? sectionOf(read, key, null) : null;
    const details = { key, section: 'the file', suggestion, belongsUnder };
    report('error', keyPlace, new MillraceError('CONFIG_UNKNOWN_KEY', details));
  }
};

const frameShapes: readonly (readonly [name: string, schema: z.ZodType])[] = [
  ['pipeline', pipelineSettings],
  ['route', routeSettings],
  ['source', sourceSettings],
  ['sink', sinkSettings],
];

/** The section other than `except` that knows `key`; null: none. */
const sectionOf = (read: FrameReading, key: string, except: string | null): string | null => {
  const frame = frameShapes.find(([name, schema]) => name !== except && settingsOf(schema).has(key));
  const section = read.sections.find(({ name, settings }) => name !== except && settings.has(key));
  return section?.name ?? frame?.[0] ?? null;
};

const readSections = async <Frame extends { readonly name?: string | undefined }>(
  read: FrameReading,
  role: 'source' | 'sink',
  frameSchema: z.ZodType<Frame>,
): Promise<readonly (Section<Frame> | null)[]> => {
  const entry = mapEntry(read.root, role);
  if (!entry) return [];
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const sections: (Section<Frame> | null)[] = [];
  const names = new Set<string>();
  for (const [index, node] of items.entries()) {
    const label = entry.value.kind === 'list' ? `${role}[${index}]` : role;
    const section = await readSection(read, role, label, frameSchema, entry, node);
    if (section && names.has(section.name)) {
      const reason = `another ${role} is called ${section.name} too; give each its own name`;
      read.report('error', node.place, new MillraceError('CONFIG_WRONG_VALUE', { key: `${label} name`, reason }));
    }
    if (section) names.add(section.name);
    sections.push(section);
  }
  if (items.length === 0) {
    read.report('error', entry.keyPlace, new MillraceError('CONFIG_MISSING_KEY', { key: role, section: 'the file' }));
  }
  return sections;
};

const readSection = async <Frame extends { readonly name?: string | undefined }>(
  read: FrameReading,
  role: 'source' | 'sink',
  label: string,
  frameSchema: z.ZodType<Frame>,
  sectionEntry: MapEntry,
  node: ConfigNode,
): Promise<Section<Frame> | null> => {
  const { report, options } = read;
  if (node.kind !== 'map') {
    const details = { where: label, expected: 'a mapping of settings', found: describeNode(node) };
    report('error', node.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return null;
  }
  // In a list each entry starts at its own first key; otherwise the section's name is what a message points at.
  const place = node === sectionEntry.value ? sectionEntry.keyPlace : (node.entries[0]?.keyPlace ?? node.place);
  const connector = await findConnector(node, role, label, place, options, report);
  if (!connector) return null;

  const frameSettings = settingsOf(frameSchema);
  const ownSettings = settingsOf(connector.config);
  const settings = new Map<string, Setting>([...frameSettings, ...ownSettings]);
  const shape: SectionShape = { name: label, settings, belongsUnder: (key) => sectionOf(read, key, label) };
  read.sections.push(shape);
  const { found, misspelt } = findSettings(node, shape, report);
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
  hide: HideSecret,
): void => {
  for (const [key, { node }] of found) {
    if (settings.get(key)?.secret && node.kind === 'scalar' && node.text !== '') hide(node.place, node.text);
  }
};

const findConnector = async (
  node: MapNode,
  role: 'source' | 'sink',
  label: string,
  place: Place,
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
  const known = able.map((other) => other.type);
  const suggestion = nearestName(name, known);
  report(
    'error',
    type.value.place,
    new MillraceError('CONFIG_UNKNOWN_CONNECTOR', { type: name, role, known, suggestion }),
  );
  return null;
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
    try {
      tablePatterns([route['source-table']], []);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      const at = node.kind === 'map' ? mapEntry(node, 'source-table') : undefined;
      report('error', at?.value.place ?? node.place, error);
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
  if (settings['schema.change.behavior'] === 'ignore') wrong('schema.change.behavior', 'ignore is not supported yet');
  if (settings['errors.tolerance'] === 'all' && settings['errors.deadletterqueue.path'] === undefined) {
    wrong('errors.tolerance', 'all needs errors.deadletterqueue.path, the file for refused rows');
  }
  return settings;
};

/** A section whose settings belong to no connector. */
const readFixedSection = <Schema extends z.ZodType>(
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
