/** What goes wrong on a replay server's connections, on command. Counts are of bytes that dumps send. */
export class Faults {
  #cutAfter: number | null = null;
  #delayMs = 0;
  #repeats = 0;

  /** Breaks the dump's connection once `bytes` more have been sent, in the middle of whatever they end in. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  /** Waits before the next bytes are sent. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Sends each of the next `transactions` twice. */
  repeat(transactions = 1): void {
    this.#repeats = transactions;
  }

  /** How many of `length` bytes may be sent before the connection breaks; null: all of them, and it holds. */
  take(length: number): number | null {
    if (this.#cutAfter === null) return null;
    if (length < this.#cutAfter) {
      this.#cutAfter -= length;
      return null;
    }
    const allowed = this.#cutAfter;
    this.#cutAfter = null;
    return allowed;
  }

  /** How long to wait now. */
  takeDelayMs(): number {
    const ms = this.#delayMs;
    this.#delayMs = 0;
    return ms;
  }

  /** Whether the transaction that starts now is sent twice. */
  takeRepeat(): boolean {
    if (this.#repeats === 0) return false;
    this.#repeats -= 1;
    return true;
  }
}
