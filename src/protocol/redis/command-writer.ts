/**
 * Commands as servers take them, one after the other into one buffer:
 *
 *   *3␍␊ $3␍␊SET␍␊ $1␍␊k␍␊ $5␍␊value␍␊
 */
export type CommandArgument = string | number | bigint | Uint8Array;

/** Collects commands to send as one write. Texts are UTF-8, numbers their decimal digits. */
export class CommandWriter {
  #bytes: Buffer;
  #at = 0;
  #commands = 0;

  constructor(capacity = 4096) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  /** Commands since the last `take`: as many replies will come. */
  get commands(): number {
    return this.#commands;
  }

  get byteLength(): number {
    return this.#at;
  }

  add(...args: readonly CommandArgument[]): this {
    this.begin(args.length);
    for (const arg of args) {
      if (typeof arg === 'object') this.bytes(arg, 0, arg.length);
      else this.text(String(arg));
    }
    return this;
  }

  /** Begins a command of so many arguments, its name counted; each follows by `text` or `bytes`. */
  begin(args: number): void {
    this.#header(0x2a, args);
    this.#commands += 1;
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#header(0x24, length);
    this.#reserve(length + 2);
    this.#at += this.#bytes.utf8Write(value, this.#at, length);
    this.#lineBreak();
  }

  bytes(value: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#header(0x24, length);
    this.#reserve(length + 2);
    this.#copy(value, start, end);
    this.#lineBreak();
  }

  /** Begins an argument of so many bytes; they follow, and a line break behind them. */
  open(length: number): void {
    this.#header(0x24, length);
  }

  /** Appends what is already written as arguments of the command begun last. */
  raw(value: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#copy(value, start, end);
  }

  /**
   * The memory behind what was collected, for who writes arguments of the next commands where they will stand. `adopt` takes it
   * back, or what it has grown to; `pass` counts what was written so.
   */
  lend(): Buffer {
    return this.#bytes;
  }

  adopt(bytes: Buffer): void {
    this.#bytes = bytes;
  }

  pass(bytes: number): void {
    this.#at += bytes;
  }

  /** What was collected, until something is added or cleared. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins anew in the same memory: whoever had a view must be done with it. */
  clear(): void {
    this.#at = 0;
    this.#commands = 0;
  }

  /** What was collected; the writer begins anew, with memory of its own. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#at = 0;
    this.#commands = 0;
    return taken;
  }

  #copy(value: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    // A call out of JavaScript costs more than copying a few bytes.
    if (end - start < 32) for (let i = start; i < end; i += 1) bytes[at++] = value[i]!;
    else {
      bytes.set(start === 0 && end === value.length ? value : value.subarray(start, end), at);
      at += end - start;
    }
    this.#at = at;
  }

  #header(marker: number, value: number): void {
    this.#reserve(16);
    const bytes = this.#bytes;
    bytes[this.#at++] = marker;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits += 1;
    let rest = value;
    for (let i = this.#at + digits - 1; i >= this.#at; i -= 1) {
      bytes[i] = 0x30 + (rest % 10);
      rest = (rest / 10) | 0;
    }
    this.#at += digits;
    this.#lineBreak();
  }

  #lineBreak(): void {
    this.#bytes[this.#at] = 0x0d;
    this.#bytes[this.#at + 1] = 0x0a;
    this.#at += 2;
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#at >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** How many bytes the beginning of a command with so many arguments takes, or of an argument with so many bytes. */
export const headerLength = (count: number): number => {
  let digits = 1;
  for (let rest = count; rest >= 10; rest = (rest / 10) | 0) digits += 1;
  return digits + 3;
};

/** One command's bytes. */
export const encodeCommand = (...args: readonly CommandArgument[]): Buffer =>
  new CommandWriter(256).add(...args).take();
