import { DamagedValue } from '../columns/column-reader.ts';
import {
  isContainer,
  JsonDocument,
  jsonType,
  keyAt,
  keyLength,
  maxJsonDepth,
  openContainer,
  valueAt,
  valueType,
} from './json-binary.ts';
import type { JsonTextWriter } from './json-text.ts';

/**
 * A document that can be changed. Only containers on the way to a change are opened; everything else stays the bytes it was.
 * Keys are byte strings (latin1), so that they compare as MySQL sorts them: by length, then byte by byte.
 */
export type JsonNode = StoredNode | ArrayNode | ObjectNode;

interface StoredNode {
  readonly kind: 'stored';
  readonly document: JsonDocument;
  readonly type: number;
  readonly at: number;
  readonly limit: number;
}

interface ArrayNode {
  readonly kind: 'array';
  readonly items: JsonNode[];
}

interface ObjectNode {
  readonly kind: 'object';
  readonly keys: string[];
  readonly values: JsonNode[];
}

/** The document in `bytes` from `start` to `end`, type byte first; no bytes at all: JSON null. */
export const storedNode = (bytes: Buffer, start: number, end: number): JsonNode => {
  if (start === end) return { kind: 'stored', document: nullDocument, type: jsonType.LITERAL, at: 0, limit: 1 };
  // Opened once for its changes and written once.
  const document = new JsonDocument(bytes, end - start, 2);
  return { kind: 'stored', document, type: bytes[start]!, at: start + 1, limit: end };
};

const nullDocument = new JsonDocument(Buffer.alloc(1), 1, Number.POSITIVE_INFINITY);

/** A container as something that can be changed; other nodes as they are. */
export const openNode = (node: JsonNode): JsonNode => {
  if (node.kind !== 'stored' || !isContainer(node.type)) return node;
  const { document } = node;
  const b = document.bytes;
  const container = openContainer(document, node.type, node.at, node.limit);
  const values: JsonNode[] = [];
  const keys: string[] = [];
  for (let i = 0; i < container.count; i += 1) {
    values.push({
      kind: 'stored',
      document,
      type: valueType(b, container, i),
      at: valueAt(b, container, i),
      limit: container.end,
    });
    if (container.object) {
      const start = keyAt(b, container, i);
      const end = start + keyLength(b, container, i);
      if (end > container.end) throw new DamagedValue('a JSON key is cut off');
      document.charge(end - start);
      keys.push(b.latin1Slice(start, end));
    }
  }
  return container.object ? { kind: 'object', keys, values } : { kind: 'array', items: values };
};

/** Appends the document's text to `text`. */
export const putNode = (node: JsonNode, text: JsonTextWriter, depth = 0): void => {
  if (depth > maxJsonDepth) throw new DamagedValue(`JSON nests deeper than ${maxJsonDepth} levels`);
  switch (node.kind) {
    case 'stored':
      text.putValue(node.document, node.type, node.at, node.limit, depth);
      return;
    case 'array':
      text.putAscii('[');
      node.items.forEach((item, i) => {
        if (i > 0) text.putAscii(', ');
        putNode(item, text, depth + 1);
      });
      text.putAscii(']');
      return;
    case 'object':
      text.putAscii('{');
      node.values.forEach((value, i) => {
        if (i > 0) text.putAscii(', ');
        const key = Buffer.from(node.keys[i]!, 'latin1');
        text.putString(key, 0, key.length);
        text.putAscii(': ');
        putNode(value, text, depth + 1);
      });
      text.putAscii('}');
  }
};
