import type { RowsChange, TruncateChange } from '../../core/change.ts';
import type { Context } from '../../core/connector.ts';
import type { Table } from '../../core/table.ts';
import type { Row } from '../../core/value.ts';
import { canalJson, canalTruncate } from '../../formats/canal-json.ts';
import { keyColumnsOf } from '../../formats/key-columns.ts';
import { maxwellJson } from '../../formats/maxwell-json.ts';
import { changes, type RowChange, rowChange } from '../../formats/row-change.ts';
import { rowJson } from '../../formats/row-json.ts';
import type { KafkaConfig } from './config.ts';
import { keyColumnRoutes } from './topic-routes.ts';
import type { TakeRecord, ValueFormat } from './value-format.ts';

/** The formats that are written row by row and value by value; each costs a few times what Debezium's does. */
export class RowFormat implements ValueFormat {
  readonly #name: 'canal-json' | 'maxwell-json' | 'json';
  readonly #context: Context;
  readonly #keyColumns: (table: Table) => readonly number[] | null;
  #messages = 0;

  constructor(name: 'canal-json' | 'maxwell-json' | 'json', config: KafkaConfig, context: Context) {
    this.#name = name;
    this.#context = context;
    this.#keyColumns = keyColumnRoutes(config['message.key.columns'] ?? '');
  }

  rows(change: RowsChange, take: TakeRecord): void {
    const { table, rows } = change;
    const columns = this.#keyColumns(table) ?? keyColumnsOf(table);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rowChange(change, i);
      const keyOf = (image: Row): string | null => (columns.length === 0 ? null : rowJson(table, image, columns));
      const latest = latestOf(row);
      // A row under a new key leaves the old key behind, which a reader of rows must be told.
      if (this.#name === 'json' && changes(row, columns)) put(take, keyOf(row.before!), null);
      put(take, keyOf(latest), this.#valueOf(row, latest));
    }
  }

  truncate({ table, origin }: TruncateChange, take: TakeRecord): void {
    if (this.#name !== 'canal-json' || origin.kind !== 'mysql') return;
    this.#messages += 1;
    put(take, null, canalTruncate(table, origin, this.#messages, this.#context.clock.now()));
  }

  #valueOf(row: RowChange, latest: Row): string | null {
    switch (this.#name) {
      case 'canal-json':
        this.#messages += 1;
        return canalJson(row, this.#messages, this.#context.clock.now());
      case 'maxwell-json':
        return maxwellJson(row);
      case 'json':
        return row.after === null ? null : rowJson(row.table, latest, row.table.columns.keys().toArray());
    }
  }
}

/** The row as it is now, or was last: NULL in the new image is a value, and only what was not logged comes from the old one. */
const latestOf = ({ before, after }: RowChange): Row =>
  after === null ? before! : after.map((value, column) => (value === undefined ? before?.[column] : value));

/** Writes a record; a key or value of null is none. A delete of a row without a key has nothing to say. */
const put = (take: TakeRecord, key: string | null, value: string | null): void => {
  if (key === null && value === null) return;
  const keyBytes = key === null ? null : Buffer.from(key);
  const valueBytes = value === null ? null : Buffer.from(value);
  take(keyBytes, 0, keyBytes?.length ?? 0, valueBytes, 0, valueBytes?.length ?? 0, []);
};
