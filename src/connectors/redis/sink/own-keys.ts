import { Buffer } from 'node:buffer';
import { keySlot, slotTag } from '../../../protocol/redis/key-slot.ts';

/**
 * The sink's own keys, beside those of the rows, where `FLUSHALL` and a failover take them together:
 *
 *     millrace:writer:PIPELINE         string: who writes, a number drawn by each writer that takes over
 *     millrace:position:PIPELINE       hash: lane -> position
 *     millrace:tables:PIPELINE         hash: database.table -> `begun` while its snapshot is under way, `complete` once it was
 *     millrace:changes:PIPELINE        hash: a change of a definition that is under way -> `noted` or `done`
 *     millrace:vanished:PIPELINE:TABLE set: keys that were there when the table's snapshot began, and were not seen since
 *     millrace:layouts:PIPELINE        hash: database.table -> how the settings had its rows written
 *     millrace:rework:PIPELINE         set: keys that a change of a definition has still to follow
 *     millrace:nest:{KEY}              hash: what stands within the row of this key, whether the row is there or not
 *
 * In a cluster the pipeline's name stands in braces, so that they are in one slot, and there are two more:
 *
 *     millrace:nodes:{PIPELINE}          hash: slot of a node's record -> what the record held when the position was written
 *     millrace:node:PIPELINE:{TAG}       hash: a node's record, in a slot of that node: `writer`, `seq`, `lanes`
 */
export class OwnKeys {
  readonly writer: string;
  readonly position: string;
  readonly tables: string;
  readonly changes: string;
  readonly layouts: string;
  readonly rework: string;
  /** What nests begin with; the row's key follows, in braces where it has none, so that both are in one slot of a cluster. */
  readonly nest: string;
  readonly nodes: string;
  /** Of a cluster: where all but the nodes' records are. */
  readonly slot: number;
  readonly #vanished: string;
  readonly #node: string;
  readonly #all: ReadonlySet<string>;

  constructor(prefix: string, pipeline: string, isCluster = false) {
    const name = isCluster ? `{${pipeline}}` : pipeline;
    this.writer = `${prefix}:writer:${name}`;
    this.position = `${prefix}:position:${name}`;
    this.tables = `${prefix}:tables:${name}`;
    this.changes = `${prefix}:changes:${name}`;
    this.layouts = `${prefix}:layouts:${name}`;
    this.rework = `${prefix}:rework:${name}`;
    this.nodes = `${prefix}:nodes:${name}`;
    this.nest = nestPrefix(prefix);
    this.#vanished = `${prefix}:vanished:${name}:`;
    this.#node = `${prefix}:node:${pipeline}`;
    this.#all = new Set([this.writer, this.position, this.tables, this.changes, this.layouts, this.rework, this.nodes]);
    this.slot = keySlot(Buffer.from(this.writer));
  }

  /** `table` as `database.table`. */
  vanished(table: string): string {
    return `${this.#vanished}${table}`;
  }

  /** The record of the node that has a slot. */
  node(slot: number): string {
    return `${this.#node}:{${slotTag(slot)}}`;
  }

  /** Whether a key is one of these, the nodes' records left out. */
  holds(key: Buffer): boolean {
    const text = key.toString();
    return this.#all.has(text) || text.startsWith(this.#vanished);
  }
}

/** What nests begin with, whatever the pipeline. */
export const nestPrefix = (prefix: string): string => `${prefix}:nest:`;
