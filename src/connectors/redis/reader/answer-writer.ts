import { Buffer } from 'node:buffer';

/** What a server answers in RESP2, written down before it does. */
export class AnswerWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** `*8␍␊` */
  array(count: number): void {
    this.#header(0x2a, count);
  }

  /** `$4␍␊paid␍␊` */
  text(from: Buffer, start: number, end: number): void {
    const length = end - start;
    this.#header(0x24, length);
    this.#reserve(length + 2);
    if (length < 48) for (let i = start; i < end; i += 1) this.#bytes[this.length++] = from[i]!;
    else this.length += from.copy(this.#bytes, this.length, start, end);
    this.#bytes[this.length++] = 0x0d;
    this.#bytes[this.length++] = 0x0a;
  }

  /** What is written as it is answered. */
  raw(from: Buffer, end: number): void {
    this.#reserve(end);
    this.length += from.copy(this.#bytes, this.length, 0, end);
  }

  /** `$-1␍␊` */
  null(): void {
    this.#reserve(8);
    this.length += this.#bytes.write('$-1\r\n', this.length, 'latin1');
  }

  /** `:-1␍␊` */
  staying(): void {
    this.#reserve(8);
    this.length += this.#bytes.write(':-1\r\n', this.length, 'latin1');
  }

  /** `:1790000000000␍␊` */
  integer(value: number): void {
    this.#reserve(24);
    this.length += this.#bytes.write(`:${value}\r\n`, this.length, 'latin1');
  }

  #header(marker: number, value: number): void {
    this.#reserve(16);
    this.#bytes[this.length++] = marker;
    if (value < 10) this.#bytes[this.length++] = 0x30 + value;
    else this.length += this.#bytes.write(String(value), this.length, 'latin1');
    this.#bytes[this.length++] = 0x0d;
    this.#bytes[this.length++] = 0x0a;
  }

  #reserve(more: number): void {
    if (this.#bytes.length - this.length >= more) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    larger.set(this.view());
    this.#bytes = larger;
  }
}
