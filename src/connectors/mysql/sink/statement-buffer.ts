import { Buffer } from 'node:buffer';
import { OutputBuffer } from '../../../formats/output-buffer.ts';
import { encodePacket } from '../../../protocol/mysql/packet.ts';

/** What a statement is about, for the words of an error. */
export interface StatementFacts {
  /** `database.table`; null: none of the source's. */
  readonly table: string | null;
  /** For each of its rows, the index of its change in the batch; null: it is about one change or none. */
  readonly changes: Int32Array | null;
  /** The change, when there is one. */
  readonly change: number | null;
}

/** Statements one behind the other as the packets that carry them, ready to be sent in one go. */
export class StatementBuffer {
  readonly facts: StatementFacts[] = [];
  readonly #output = new OutputBuffer(1 << 16);
  #start = 0;

  /** Bytes of the statement being written, so far. */
  get size(): number {
    return this.#output.length - this.#start - header;
  }

  get isEmpty(): boolean {
    return this.facts.length === 0;
  }

  begin(text: Uint8Array): void {
    this.#start = this.#output.length;
    this.#output.reserve(header + text.length);
    this.#output.length += header;
    this.#output.append(text);
  }

  append(bytes: Uint8Array): void {
    this.#output.append(bytes);
  }

  /** Appends `bytes` from `start` to `end`; short ranges are copied without a view of them. */
  appendRange(bytes: Buffer, start: number, end: number): void {
    const output = this.#output;
    output.reserve(end - start);
    bytes.copy(output.bytes, output.length, start, end);
    output.length += end - start;
  }

  /** Takes the last byte back: the comma behind the last row. */
  unwrite(): void {
    this.#output.length -= 1;
  }

  end(facts: StatementFacts): void {
    const output = this.#output;
    const payload = output.length - this.#start - 4;
    output.bytes[this.#start + 4] = comQuery;
    if (payload < maxPayload) {
      output.bytes.writeUIntLE(payload, this.#start, 3);
      output.bytes[this.#start + 3] = 0;
    } else {
      const packets = encodePacket(Buffer.from(output.bytes.subarray(this.#start + 4, output.length)), 0);
      output.length = this.#start;
      output.append(packets);
    }
    this.facts.push(facts);
  }

  /** A statement as a whole. */
  add(text: Uint8Array, facts: StatementFacts): void {
    this.begin(text);
    this.end(facts);
  }

  /** All packets. Valid until the next `begin` or `clear`. */
  view(): Buffer {
    return this.#output.view();
  }

  clear(): void {
    this.#output.clear();
    this.facts.length = 0;
  }
}

/** Length, sequence and the command. */
const header = 5;
const comQuery = 0x03;
const maxPayload = 0xff_ffff;
