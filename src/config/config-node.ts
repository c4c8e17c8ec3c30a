import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type YAMLError } from 'yaml';
import { MillraceError } from '../core/errors.ts';
import type { Report } from './diagnostic.ts';
import type { Place, SourceText } from './source-text.ts';

/** A YAML value with its place. Scalars keep their text as written, so that a password of `0123` stays those four digits. */
export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly text: string;
  /** Nothing, `null` or `~` was written. */
  readonly isNull: boolean;
  /** Written without quotes, so that `1` is a number and `null` is nothing. */
  readonly plain: boolean;
  /** Whether any of the text came from the environment or another file. */
  readonly interpolated: boolean;
  readonly place: Place;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
  readonly place: Place;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  readonly place: Place;
}

export interface MapEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: ConfigNode;
}

export const mapEntry = (node: MapNode, key: string): MapEntry | undefined =>
  node.entries.find((entry) => entry.key === key);

/** What a node is, for "expected this, found that". */
export const describeNode = (node: ConfigNode): string => {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a mapping';
  return node.isNull ? 'nothing' : `the value ${JSON.stringify(node.text)}`;
};

const MAX_DEPTH = 64;
/** Aliases repeat what they name, so a few lines can stand for billions of values. */
const MAX_NODES = 20_000;

/** Reads one YAML document. Null: it is unusable, and why was reported. */
export const parseYaml = (source: SourceText, report: Report): ConfigNode | null => {
  const whole: Place = { source, start: 0, end: 0 };
  let documents: readonly Document.Parsed[];
  try {
    documents = parseAllDocuments(source.text, {
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
    }) as Document.Parsed[];
  } catch (error) {
    // The parser recurses: some ten thousand nested brackets are too much for it.
    if (!(error instanceof RangeError)) throw error;
    report('error', whole, new MillraceError('CONFIG_SYNTAX', { reason: 'it is nested too deeply' }));
    return null;
  }
  // What the parser finds after the first fault is mostly that fault again.
  const error = documents
    .flatMap((document) => document.errors)
    .reduce<YAMLError | null>((first, other) => (first === null || other.pos[0] < first.pos[0] ? other : first), null);
  if (error !== null) {
    const [start, end] = error.pos;
    report('error', { source, start, end }, new MillraceError('CONFIG_SYNTAX', { reason: syntaxReason(error) }));
    return null;
  }
  if (documents.length > 1) {
    const [start, , end] = documents[1]!.range;
    report(
      'error',
      { source, start, end: Math.min(end, start + 3) },
      new MillraceError('CONFIG_SEVERAL_DOCUMENTS', { count: documents.length }),
    );
    return null;
  }
  const [document] = documents;
  if (!document?.contents || (isScalar(document.contents) && document.contents.value === null)) {
    report('error', whole, new MillraceError('CONFIG_EMPTY', { file: source.name }));
    return null;
  }
  return toConfigNode(document.contents, { source, document, report, nodes: 0 }, 0);
};

interface Reading {
  readonly source: SourceText;
  readonly document: Document.Parsed;
  readonly report: Report;
  /** How many nodes were made so far. */
  nodes: number;
}

const toConfigNode = (node: Node, reading: Reading, depth: number): ConfigNode => {
  const place = placeOf(node, reading.source);
  reading.nodes += 1;
  if (depth > MAX_DEPTH || reading.nodes > MAX_NODES) {
    const reason =
      depth > MAX_DEPTH ? 'it is nested too deeply' : `its aliases stand for more than ${MAX_NODES} values`;
    if (reading.nodes <= MAX_NODES + 1) reading.report('error', place, new MillraceError('CONFIG_SYNTAX', { reason }));
    return { kind: 'scalar', text: '', isNull: true, plain: true, interpolated: false, place };
  }
  if (isAlias(node)) {
    const target = node.resolve(reading.document);
    if (target) return toConfigNode(target, reading, depth + 1);
    reading.report('error', place, new MillraceError('CONFIG_SYNTAX', { reason: `no anchor is named ${node.source}` }));
  }
  if (isMap(node)) {
    const firstLines = new Map<string, number>();
    const entries = node.items.map((pair): MapEntry => {
      const keyNode = pair.key as Node;
      const keyPlace = placeOf(keyNode, reading.source);
      const key = isScalar(keyNode) ? String(keyNode.source ?? keyNode.value) : String(keyNode);
      const firstLine = firstLines.get(key);
      if (firstLine === undefined) firstLines.set(key, reading.source.positionOf(keyPlace.start).line);
      else reading.report('error', keyPlace, new MillraceError('CONFIG_DUPLICATE_KEY', { key, firstLine }));
      const value = pair.value as Node | null;
      return {
        key,
        keyPlace,
        value: value
          ? toConfigNode(value, reading, depth + 1)
          : { kind: 'scalar', text: '', isNull: true, plain: true, interpolated: false, place: keyPlace },
      };
    });
    return { kind: 'map', entries, place };
  }
  if (isSeq(node)) {
    return { kind: 'list', items: node.items.map((item) => toConfigNode(item as Node, reading, depth + 1)), place };
  }
  const scalar = isScalar(node) ? node : null;
  const isNull = scalar?.value === null || scalar?.value === undefined;
  return {
    kind: 'scalar',
    text: isNull ? '' : (scalar?.source ?? String(scalar?.value)),
    isNull,
    plain: scalar?.type === 'PLAIN',
    interpolated: false,
    // An empty value has no width: point at what comes before it.
    place: place.start === place.end ? { ...place, start: Math.max(0, place.start - 1) } : place,
  };
};

const placeOf = (node: Node, source: SourceText): Place => {
  const [start, end] = node.range ?? [0, 0];
  return { source, start, end };
};

/** The parser's message, in words that say what to change where its own are about the grammar. */
const syntaxReason = (error: YAMLError): string => {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return 'a tab is used to indent';
    case 'MULTILINE_IMPLICIT_KEY':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'the indentation does not fit the line above, or a space is missing after a colon';
    case 'BAD_SCALAR_START':
      return 'a plain value cannot start with this character; put the value in quotes';
    case 'UNEXPECTED_TOKEN':
      if (/flow-(map|seq)-start at node end/.test(error.message))
        return 'a value between { } that holds brackets of its own, such as %{table}, must be in quotes';
      return lowerCase(error.message);
    case 'RESOURCE_EXHAUSTION':
      return 'it is nested too deeply';
    default:
      return lowerCase(error.message);
  }
};

const lowerCase = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
