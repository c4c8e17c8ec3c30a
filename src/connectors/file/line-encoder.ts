import { Buffer } from 'node:buffer';
import type { Change } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { DebeziumJsonEncoder } from '../../formats/debezium-json/encoder.ts';
import { OutputBuffer } from '../../formats/output-buffer.ts';
import { rowJson } from '../../formats/row-json.ts';
import { debeziumValues } from '../debezium-values.ts';
import type { FileConfig } from './config.ts';

/** Changes as lines, into one buffer that is used again. Schema changes and the marks of snapshots have no line. */
export class LineEncoder {
  /** Null: lines are rows. */
  readonly #encoder: DebeziumJsonEncoder | null;
  readonly #skipTruncate: boolean;
  readonly #out = new OutputBuffer();

  constructor(config: FileConfig, context: Context) {
    this.#skipTruncate = config['skipped.operations'] === 't';
    const isRows = config['value.format'] === 'json';
    this.#encoder = isRows ? null : new DebeziumJsonEncoder(debeziumValues(config, context));
  }

  /** Valid until the next call. */
  encode(changes: readonly Change[]): Buffer {
    this.#out.clear();
    for (const change of changes) {
      if (this.#encoder === null) this.#addRows(change);
      else if (change.kind === 'rows') this.#encoder.encodeRows(change, this.#out);
      else if (change.kind === 'truncate' && !this.#skipTruncate) this.#encoder.encodeTruncate(change, this.#out);
    }
    return this.#out.view();
  }

  /** Throws SINK_ROW_REFUSED for what takes a row back or replaces one: a line cannot say that. */
  #addRows(change: Change): void {
    if (change.kind === 'truncate' && !this.#skipTruncate) refuse(change.table, 'a TRUNCATE');
    if (change.kind !== 'rows') return;
    const { op, table, rows } = change;
    if (op === 'update' || op === 'delete') refuse(table, op === 'update' ? 'an update' : 'a delete');
    const columns = [...table.columns.keys()];
    for (let row = 0; row < rows.length; row += 1)
      this.#out.append(Buffer.from(`${rowJson(table, rows.after(row)!, columns)}\n`));
  }
}

const refuse = (table: Table, what: string): never => {
  const reason = `a line of \`json\` adds a row, and this is ${what}`;
  throw new MillraceError('SINK_ROW_REFUSED', { sink: 'file', table: qualifiedName(table), reason });
};
