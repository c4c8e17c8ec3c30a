import { displayWidth, fitted } from './display-width.ts';

/** Where a table is drawn over and over: a terminal and how large it is now. */
export interface Screen {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** A screen is drawn at most this often: whoever looks at it sees no more. */
const drawnEveryMs = 100;

/** A table that stands in place while its rows change. What does not fit on the screen is counted below it. */
export class LiveTable implements Disposable {
  readonly #screen: Screen;
  #lines: readonly string[] | null = null;
  #drawn = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** The table as it is now, its last line the count of rows. */
  show(table: string): void {
    this.#lines = table.trimEnd().split('\n');
    if (this.#timer !== null) return;
    this.#draw();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#lines !== null) this.#draw();
    }, drawnEveryMs);
  }

  /** Draws what was shown last, if it was not yet. */
  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#lines !== null) this.#draw();
  }

  #draw(): void {
    const [columns, rows] = [this.#screen.columns ?? 80, this.#screen.rows ?? 24];
    const lines = this.#lines!;
    const room = Math.max(rows - 2, 3);
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 2), '...', lines.at(-1)!];
    const text = shown.map((line) => (displayWidth(line) < columns ? line : fitted(line, columns - 1))).join('\n');
    this.#screen.write(`${this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A\x1b[J`}${text}\n`);
    this.#drawn = shown.length;
    this.#lines = null;
  }
}
