import type { SqlRow } from '../../operators/incremental/delta.ts';
import type { EvaluationContext, SqlValue } from '../../sql/evaluate/sql-value.ts';
import type { PlanColumn } from '../../sql/plan/plan.ts';
import type { SqlType } from '../../sql/types/sql-type.ts';
import { cellText } from '../../sql-pipeline/row-text.ts';
import { displayWidth, fitted } from './display-width.ts';
import type { RowChange } from './result-text.ts';

const widest = 30;

/**
 * Rows in a box as Flink's tableau mode draws it: how wide a column is, its type and name say, so that rows can follow for ever.
 *
 *     +----+--------+
 *     | op |      n |
 *     +----+--------+
 *     | +I |      7 |
 */
export class Tableau {
  readonly #names: readonly string[];
  readonly #texts: readonly ((value: SqlValue) => string)[];
  readonly #types: readonly SqlType[];
  #widths: readonly number[] = [];
  #count = 0;

  constructor(columns: readonly PlanColumn[], context: EvaluationContext) {
    this.#names = columns.map(({ name }) => name);
    this.#types = columns.map(({ type }) => type);
    this.#texts = this.#types.map((type) => cellText(type, context));
  }

  /** A result that ends: no letters, and columns as wide as what is in them. */
  whole(rows: readonly SqlRow[]): string {
    const cells = rows.map((row) => this.#cells(row));
    this.#widths = this.#names.map((name, at) =>
      Math.min(widest, Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[at]!)))),
    );
    const lines = cells.map((row) => this.#line(row));
    return `${this.#head([])}${lines.join('')}${rows.length === 0 ? '' : this.#rule()}${rowsText(rows.length)}`;
  }

  /** What stands above the first change. */
  begin(): string {
    const own = this.#names.map((name, at) =>
      Math.min(widest, Math.max(displayWidth(name), typeWidth(this.#types[at]!))),
    );
    this.#widths = [2, ...own];
    return this.#head(['op']);
  }

  change({ op, row }: RowChange): string {
    this.#count += 1;
    return this.#line([op, ...this.#cells(row)]);
  }

  /** What stands below the last one. */
  end(): string {
    return `${this.#rule()}${rowsText(this.#count)}`;
  }

  #cells(row: SqlRow): readonly string[] {
    return this.#texts.map((text, at) => text(row[at]!));
  }

  #head(before: readonly string[]): string {
    return `${this.#rule()}${this.#line([...before, ...this.#names])}${this.#rule()}`;
  }

  #rule(): string {
    return `+${this.#widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map((cell, at) => {
      const width = this.#widths[at]!;
      const text = fitted(cell, width);
      return `${' '.repeat(width - displayWidth(text))}${text}`;
    });
    return `| ${padded.join(' | ')} |\n`;
  }
}

const rowsText = (count: number): string =>
  count === 0 ? 'Empty set\n' : `${count} ${count === 1 ? 'row' : 'rows'} in set\n`;

/** Cells that a type's longest value takes. */
const typeWidth = (type: SqlType): number => {
  switch (type.kind) {
    case 'BOOLEAN':
      return 5;
    case 'TINYINT':
      return 4;
    case 'SMALLINT':
      return 6;
    case 'INT':
      return 11;
    case 'BIGINT':
      return 20;
    case 'DECIMAL':
      return type.precision + 2;
    case 'DATE':
      return 10;
    case 'TIME':
      return 8;
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return type.precision === 0 ? 19 : 20 + type.precision;
    case 'CHAR':
    case 'VARCHAR':
      return type.length;
    default:
      return widest;
  }
};
