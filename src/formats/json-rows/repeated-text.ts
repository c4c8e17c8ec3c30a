import { StringBytes } from './json-string.ts';

/** Turns a JSON string into text; the same bytes as the last time give the same text without making it anew. */
export class RepeatedText {
  #text = '';
  #bytes = new Uint8Array(0);
  readonly #string = new StringBytes();

  read(bytes: Uint8Array, start: number, end: number): string {
    const known = this.#bytes;
    let same = known.length === end - start;
    for (let i = 0; same && i < known.length; i += 1) same = known[i] === bytes[start + i];
    if (same) return this.#text;
    this.#string.take(bytes, start, end);
    this.#text = this.#string.toString();
    this.#bytes = Uint8Array.prototype.slice.call(bytes, start, end);
    return this.#text;
  }
}
