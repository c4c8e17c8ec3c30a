import { Buffer } from 'node:buffer';
import type { Table } from '../core/table.ts';
import { textHash } from '../core/text-hash.ts';

/** Letters for each column: of 262 144 changes of its type one would go unseen. */
const letters = 3;

/** The columns of one version of a table, as a text from which another version sees whether its own are among them. */
export class KnownColumns {
  readonly text: string;
  readonly #bytes: Buffer;
  readonly #own: readonly string[];
  /** What other versions wrote, of which there are few. */
  readonly #others = new Map<string, boolean>();

  constructor({ columns }: Table) {
    this.#own = columns.map(({ name, type }) => lettersOf(textHash(`${name}\0${JSON.stringify(type)}`)));
    this.text = this.#own.join('');
    this.#bytes = Buffer.from(this.text);
  }

  /** Whether whoever wrote `text` knew all of these columns as they are. */
  areIn(text: Buffer): boolean {
    if (this.#bytes.equals(text)) return true;
    const key = text.latin1Slice(0, text.length);
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const theirs = new Set(key.match(/.../g));
    const are = this.#own.every((each) => theirs.has(each));
    if (this.#others.size < 100) this.#others.set(key, are);
    return are;
  }
}

const lettersOf = (hash: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(hash | 0);
  return bytes.toString('base64url').slice(0, letters);
};
