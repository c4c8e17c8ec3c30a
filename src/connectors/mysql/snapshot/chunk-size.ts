/** How many rows to ask for, so that a chunk stays within its rows and, as far as the last rows tell, its bytes. */
export class ChunkSize {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  #rowBytes = 0;

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  get rows(): number {
    if (this.#rowBytes === 0) return this.#maxRows;
    return Math.max(1, Math.min(this.#maxRows, Math.floor(this.#maxBytes / this.#rowBytes)));
  }

  /** Tells of rows that came. */
  record(rows: number, bytes: number): void {
    if (rows > 0) this.#rowBytes = bytes / rows;
  }
}
