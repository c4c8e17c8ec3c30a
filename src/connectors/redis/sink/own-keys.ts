/**
 * The sink's own keys, beside those of the rows, where `FLUSHALL` and a failover take them together:
 *
 *     millrace:writer:PIPELINE         string: who writes, a number drawn by each writer that takes over
 *     millrace:position:PIPELINE       hash: lane -> position
 *     millrace:tables:PIPELINE         hash: database.table -> `complete` once its snapshot was
 *     millrace:changes:PIPELINE        hash: a change of a definition that is under way -> `noted` or `done`
 *     millrace:vanished:PIPELINE:TABLE set: keys that were there when the table's snapshot began, and were not seen since
 *     millrace:rework:PIPELINE         set: keys that a change of a definition has still to follow
 *     millrace:nest:{KEY}              hash: what stands within the row of this key, whether the row is there or not
 */
export class OwnKeys {
  readonly writer: string;
  readonly position: string;
  readonly tables: string;
  readonly changes: string;
  readonly rework: string;
  /** What nests begin with; the row's key follows, in braces where it has none, so that both are in one slot of a cluster. */
  readonly nest: string;
  readonly #vanished: string;

  constructor(prefix: string, pipeline: string) {
    this.writer = `${prefix}:writer:${pipeline}`;
    this.position = `${prefix}:position:${pipeline}`;
    this.tables = `${prefix}:tables:${pipeline}`;
    this.changes = `${prefix}:changes:${pipeline}`;
    this.rework = `${prefix}:rework:${pipeline}`;
    this.nest = `${prefix}:nest:`;
    this.#vanished = `${prefix}:vanished:${pipeline}:`;
  }

  /** `table` as `database.table`. */
  vanished(table: string): string {
    return `${this.#vanished}${table}`;
  }
}
