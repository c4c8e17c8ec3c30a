/**
 * Reads a pipeline file in Flink CDC's words: one pipeline (`source`, `sink`, `route`, `pipeline`), or several of them under
 * `pipelines`, with `connections` they share. Everything that is wrong with it is reported at once, each finding with its place,
 * and nothing is connected to.
 */
import { basename } from 'node:path';
import type { RegisteredConnector } from '../connectors/registry.ts';
import type { Connector, Ends } from '../core/connector.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { type ConfigNode, describeNode, type MapEntry, type MapNode, mapEntry, parseYaml } from './config-node.ts';
import { type Connections, readConnections } from './connection-use.ts';
import type { Diagnostic, Report } from './diagnostic.ts';
import {
  type PipelineSettings,
  type ProcessSettings,
  type RouteSettings,
  type SinkSettings,
  type SourceSettings,
  sectionsNotYet,
  type TransformSettings,
} from './frame.ts';
import { fileReason, interpolate, type Surroundings } from './interpolate.ts';
import { override } from './override.ts';
import {
  checkConnection,
  type FrameReading,
  pipelineSections,
  readFixedSection,
  readPipeline,
  sectionOf,
} from './read-pipeline.ts';
import type { SignalSettings } from './read-signals.ts';
import { namesSecret, redactor, spelledSecrets } from './redact.ts';
import { type ServerSettings, serverSettings } from './server-settings.ts';
import { type Place, SourceText } from './source-text.ts';
import type { SqlSection } from './sql-section.ts';
import type { RowTest } from './tests-section.ts';

export interface LoadOptions extends Surroundings {
  readonly connectors: readonly RegisteredConnector[];
  /** `section.key=value` each, applied over the file (`--set`). */
  readonly overrides: readonly string[];
  readonly version: string;
}

/** What a file says of one pipeline, checked, with every default filled in. */
export interface PipelineFile<Of = Connector> {
  /** Unique in the file. */
  readonly name: string;
  readonly sources: readonly Section<SourceSettings, Of>[];
  readonly sinks: readonly Section<SinkSettings, Of>[];
  readonly transforms: readonly TransformSettings[];
  readonly routes: readonly RouteSettings[];
  /** In the order in which rows go through them; each `module` is a whole path. */
  readonly processes: readonly ProcessSettings[];
  readonly settings: PipelineSettings;
  /** Where signals are taken from; null: none are. */
  readonly signals: SignalSettings | null;
  /** Rows in and rows out, for `millrace test`. */
  readonly tests: readonly RowTest[];
  /** Queries that take the place of sources and sinks, which are empty then; null: there are none. */
  readonly sql: SqlSection | null;
}

/** What it takes to run a pipeline. */
export type OpenableFile = PipelineFile<Ends>;

export interface Section<Frame, Of = Connector> {
  /** Unique in the pipeline. */
  readonly name: string;
  readonly connector: Of;
  /** What the connector's schema made of the section. */
  readonly config: unknown;
  readonly frame: Frame;
}
export type SourceSection = Section<SourceSettings>;
export type SinkSection = Section<SinkSettings>;

export interface LoadedFile {
  readonly file: string;
  /** In the file's order. Empty when any diagnostic is an error. */
  readonly pipelines: readonly PipelineFile[];
  /** The HTTP API beside the pipelines; null: the file says nothing of it. */
  readonly server: ServerSettings | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Where secrets stand in the file: excerpts leave them out. */
  readonly secretPlaces: readonly Place[];
  /** The file's secrets, wherever they came from. */
  readonly secrets: readonly string[];
  /** Replaces them by `***`. */
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
    // A value that could not be filled in is wrong in no other way, and a connection that several pipelines use is wrong once.
    const known = here.some(
      ({ error: other }) =>
        unfilled.has(other.code) ||
        other.message === error.message ||
        (other.code === 'CONFIG_UNKNOWN_KEY' && error.code === other.code),
    );
    if (!known) diagnostics.push({ severity, place, error });
  };
  const secrets = new Set<string>();
  const secretPlaces: Place[] = [];
  const hide = (place: Place, text: string): void => {
    secretPlaces.push(place);
    secrets.add(text);
  };
  const root = readTree(file, options, report, hide);
  if (root) hideByName(root, hide);
  const whole = root ? { file, root, options, report, hide } : null;
  const pipelines = whole ? await readRoot(whole) : [];
  const server = whole ? readServer(whole) : null;
  diagnostics.sort((a, b) => orderOf(a.place, file) - orderOf(b.place, file));
  const usable = diagnostics.every(({ severity }) => severity === 'warning');
  return {
    file,
    pipelines: usable ? pipelines : [],
    server,
    diagnostics,
    secretPlaces,
    secrets: [...secrets],
    redact: redactor(secrets),
  };
};

/** Findings without a place first, then those of the file from top to bottom, then those of `--set`. */
const orderOf = (place: Place | null, file: string): number => {
  if (place === null) return -1;
  return place.source.name === file ? place.start : MAX_BYTES + place.start;
};

/** The file's tree with variables and overrides put in; null: it is unusable, which was reported. */
const readTree = (file: string, options: LoadOptions, report: Report, hide: HideSecret): MapNode | null => {
  let text: string;
  try {
    text = options.readText(file);
  } catch (error) {
    const reason = /^[a-z][a-z0-9+.-]*:\/\//i.test(file)
      ? 'it is an address, and a pipeline file is wanted here'
      : fileReason(error);
    report('error', null, new MillraceError('CONFIG_UNREADABLE', { file, reason }));
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
  if (!tree) {
    for (const { start, end } of spelledSecrets(source.text))
      hide({ source, start, end }, source.text.slice(start, end));
    return null;
  }
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

type HideSecret = FrameReading['hide'];

/** Hides values under keys whose name says so, before anything about the file is printed. */
const hideByName = (node: ConfigNode, hide: HideSecret, key = ''): void => {
  if (node.kind === 'map') for (const entry of node.entries) hideByName(entry.value, hide, entry.key);
  else if (node.kind === 'list') for (const item of node.items) hideByName(item, hide, key);
  else if (namesSecret(key) && node.text !== '') hide(node.place, node.text);
};

type Root = Pick<FrameReading, 'root' | 'options' | 'report' | 'hide'> & { readonly file: string };

/** The sections of a file with several pipelines. */
const longSections = ['connections', 'pipelines'];
/** Sections of the file as a whole, in either form. */
const fileSections = ['server'];

const readRoot = async (whole: Root): Promise<readonly PipelineFile[]> => {
  const { file, root, options, report, hide } = whole;
  const connections = readConnections(mapEntry(root, 'connections'), report);
  const reading = (map: MapNode): FrameReading => ({ options, report, hide, root: map, connections, sections: [] });
  const several = mapEntry(root, 'pipelines');
  reportUnknownSections(reading(root), several !== undefined);
  await checkConnections(reading(root), connections);
  if (several) return await readSeveral(several, reading, whole);
  const name = basename(file).replace(/\.ya?ml$/i, '');
  const pipeline = await readPipeline(reading(root), { where: 'the file', name });
  return pipeline ? [pipeline] : [];
};

const reportUnknownSections = (read: FrameReading, several: boolean): void => {
  const { report, root, options } = read;
  const known = [...(several ? [] : pipelineSections), ...longSections, ...fileSections];
  for (const { key, keyPlace } of root.entries) {
    if (known.includes(key)) continue;
    if (sectionsNotYet.includes(key)) {
      report('error', keyPlace, new MillraceError('CONFIG_NOT_SUPPORTED_YET', { key, version: options.version }));
      continue;
    }
    if (pipelineSections.includes(key)) {
      const details = {
        key,
        section: 'a file with `pipelines`',
        suggestion: null,
        belongsUnder: 'an entry of pipelines',
      };
      report('error', keyPlace, new MillraceError('CONFIG_UNKNOWN_KEY', details));
      continue;
    }
    const suggestion = nearestName(key, [...known, ...sectionsNotYet]);
    const belongsUnder = suggestion === null ? sectionOf(read, key, null) : null;
    const details = { key, section: 'the file', suggestion, belongsUnder };
    report('error', keyPlace, new MillraceError('CONFIG_UNKNOWN_KEY', details));
  }
};

const readServer = ({ root, options, report, hide }: Root): ServerSettings | null => {
  const entry = mapEntry(root, 'server');
  if (!entry) return null;
  const read: FrameReading = { options, report, hide, root, connections: new Map(), sections: [] };
  return readFixedSection(read, 'server', serverSettings, entry.value, entry.keyPlace);
};

/** Keys of connections are checked even where no pipeline uses them. */
const checkConnections = async (read: FrameReading, connections: Connections): Promise<void> => {
  for (const [name, connection] of connections) await checkConnection(read, name, connection);
};

const readSeveral = async (
  entry: MapEntry,
  reading: (root: MapNode) => FrameReading,
  { report }: Root,
): Promise<readonly PipelineFile[]> => {
  if (entry.value.kind !== 'list') {
    const details = { where: 'pipelines', expected: 'a list of pipelines', found: describeNode(entry.value) };
    report('error', entry.value.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
    return [];
  }
  if (entry.value.items.length === 0)
    report(
      'error',
      entry.keyPlace,
      new MillraceError('CONFIG_MISSING_KEY', { key: 'a pipeline', section: 'pipelines' }),
    );
  const pipelines: PipelineFile[] = [];
  for (const [index, node] of entry.value.items.entries()) {
    const where = `pipelines[${index}]`;
    if (node.kind !== 'map') {
      const details = { where, expected: 'the sections source and sink', found: describeNode(node) };
      report('error', node.place, new MillraceError('CONFIG_WRONG_SHAPE', details));
      continue;
    }
    const pipeline = await readPipeline(reading(asShortForm(node)), { where, name: null });
    if (!pipeline) continue;
    if (pipelines.some(({ name }) => name === pipeline.name)) {
      const reason = `another pipeline of this file is called ${pipeline.name} too, and positions are kept under the name`;
      const place = mapEntry(node, 'name')?.value.place ?? node.place;
      report('error', place, new MillraceError('CONFIG_WRONG_VALUE', { key: 'name', reason }));
    }
    pipelines.push(pipeline);
  }
  return pipelines;
};

/** An entry of `pipelines` holds the settings of `pipeline:` directly, beside its sections. */
const asShortForm = (node: MapNode): MapNode => {
  const isSection = ({ key }: MapEntry): boolean => pipelineSections.includes(key) || sectionsNotYet.includes(key);
  const direct = node.entries.filter((entry) => !isSection(entry));
  const given = mapEntry(node, 'pipeline');
  if (direct.length === 0 || (given && given.value.kind !== 'map')) return node;
  const [first] = direct;
  const settings: MapEntry = {
    key: 'pipeline',
    keyPlace: given?.keyPlace ?? first!.keyPlace,
    value: {
      kind: 'map',
      entries: [...direct, ...(given?.value.kind === 'map' ? given.value.entries : [])],
      place: given?.value.place ?? node.place,
    },
  };
  const sections = node.entries.filter((entry) => isSection(entry) && entry.key !== 'pipeline');
  return { ...node, entries: [...sections, settings] };
};
