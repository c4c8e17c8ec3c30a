import { isUtf8 } from 'node:buffer';
import { keyText } from '../../connectors/redis/key-text.ts';
import type { RdbKey, RdbVisitor } from '../../protocol/redis/rdb/rdb-visitor.ts';

export interface RdbDumpOptions {
  readonly format: 'human' | 'jsonl';
  /** Elements of one key that are shown; of the others only how many there are. */
  readonly elements: number;
  /** Keys that are shown, before nothing more is. */
  readonly limit: number;
  /** Keys by database and name. */
  readonly wanted: (database: number, name: Buffer) => boolean;
}

/** A text, or bytes that are none. */
type Shown = string | { readonly base64: string };

/** Shows the keys of an RDB file with what they hold, for a person or as a line of JSON each. */
export class RdbDump implements RdbVisitor {
  /** What has been shown since it was last taken. */
  #text = '';
  #keys = 0;
  readonly #options: RdbDumpOptions;
  /** The key at hand is shown. */
  #shown = false;
  #elements: Shown[][] = [];
  #left = 0;

  constructor(options: RdbDumpOptions) {
    this.#options = options;
  }

  /** As many keys as were asked for have been shown. */
  get isFull(): boolean {
    return this.#keys >= this.#options.limit;
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  begin({ database, name }: RdbKey): void {
    this.#shown = !this.isFull && this.#options.wanted(database, name);
    this.#elements = [];
    this.#left = 0;
  }

  text(value: Buffer): void {
    this.#add(value);
  }

  element(value: Buffer): void {
    this.#add(value);
  }

  scored(member: Buffer, score: number): void {
    this.#add(member, Buffer.from(String(score)));
  }

  field(name: Buffer, value: Buffer, expiresAtMs: number | null): void {
    if (expiresAtMs === null) this.#add(name, value);
    else this.#add(name, value, Buffer.from(new Date(expiresAtMs).toISOString()));
  }

  entry(id: string, pairs: readonly Buffer[]): void {
    this.#add(Buffer.from(id), ...pairs);
  }

  indexed(index: number | bigint, value: Buffer): void {
    this.#add(Buffer.from(String(index)), value);
  }

  end(key: RdbKey, bytes: number): void {
    if (!this.#shown) return;
    this.#keys += 1;
    this.#text += this.#options.format === 'jsonl' ? this.#json(key, bytes) : this.#human(key, bytes);
  }

  fact(): void {}
  library(): void {}
  group(): void {}
  module(): void {}

  #add(...parts: readonly Buffer[]): void {
    if (!this.#shown) return;
    if (this.#elements.length >= this.#options.elements) this.#left += 1;
    else if (this.#options.format === 'jsonl') this.#elements.push(parts.map(shown));
    else this.#elements.push(parts.map((part) => keyText(part)));
  }

  #human({ name, kind, encoding, database, expiresAtMs }: RdbKey, bytes: number): string {
    const expires = expiresAtMs === null ? '' : `, expires ${new Date(expiresAtMs).toISOString()}`;
    const head = `${keyText(name)}  (${kind} as ${encoding}, database ${database}, ${bytes} bytes${expires})\n`;
    const left = this.#left > 0 ? `  and ${this.#left} more\n` : '';
    return head + this.#elements.map((parts) => `  ${parts.join('  ')}\n`).join('') + left;
  }

  #json({ name, kind, encoding, database, expiresAtMs }: RdbKey, bytes: number): string {
    const line = {
      database,
      key: shown(name),
      type: kind,
      encoding,
      bytes,
      expires_at: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
      elements: this.#elements.map((parts) => (parts.length === 1 ? parts[0] : parts)),
      left_out: this.#left,
    };
    return `${JSON.stringify(line)}\n`;
  }
}

const shown = (bytes: Buffer): Shown => (isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') });
