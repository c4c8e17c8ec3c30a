/**
 * Dates and times as text, read by their digits:
 *
 *     2024-02-29   2024-02-29Z   2024-02-29 01:02:03.5   2024-02-29T01:02:03.000001Z   …+02:00   -838:59:59.000000   01:02:03Z
 *
 * `readMoment` and `readClock` answer whether the whole text was one; its parts stand in the fields then.
 */
export class MomentText {
  year = 0;
  month = 0;
  day = 0;
  negative = false;
  hours = 0;
  minutes = 0;
  seconds = 0;
  micros = 0;
  /** Minutes east of UTC; null: the text does not say. */
  offsetMinutes: number | null = null;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** A date, with a time of day where there is one. */
  readMoment(bytes: Uint8Array, start: number, end: number): boolean {
    this.#begin(bytes, start, end);
    const year = this.#number(4, 4);
    if (year < 0 || !this.#skip(DASH)) return false;
    const month = this.#number(1, 2);
    if (month < 0 || month > 12 || !this.#skip(DASH)) return false;
    const day = this.#number(1, 2);
    if (day < 0 || day > 31) return false;
    this.year = year;
    this.month = month;
    this.day = day;
    this.#noClock();
    const separator = this.#at < end ? bytes[this.#at]! : 0;
    if (separator === LETTER_T || separator === BLANK) {
      this.#at += 1;
      if (!this.#clock(2)) return false;
    }
    return this.#zone() && this.#at === end;
  }

  /** A time, which may be negative or of more than a day. */
  readClock(bytes: Uint8Array, start: number, end: number): boolean {
    this.#begin(bytes, start, end);
    this.#noClock();
    const negative = this.#skip(DASH);
    if (!this.#clock(3)) return false;
    this.negative = negative;
    return this.#zone() && this.#at === end;
  }

  #begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.offsetMinutes = null;
  }

  #noClock(): void {
    this.negative = false;
    this.hours = 0;
    this.minutes = 0;
    this.seconds = 0;
    this.micros = 0;
  }

  #clock(hourDigits: number): boolean {
    const hours = this.#number(1, hourDigits);
    if (hours < 0 || !this.#skip(COLON)) return false;
    const minutes = this.#number(2, 2);
    if (minutes < 0 || minutes > 59) return false;
    // Java leaves out seconds of 0.
    const seconds = this.#skip(COLON) ? this.#number(2, 2) : 0;
    if (seconds < 0 || seconds > 59) return false;
    this.hours = hours;
    this.minutes = minutes;
    this.seconds = seconds;
    return this.#skip(POINT) ? this.#fraction() : true;
  }

  /** Up to nine digits, of which those behind the sixth must be zeros: nothing finer can be kept. */
  #fraction(): boolean {
    const bytes = this.#bytes;
    let micros = 0;
    let digits = 0;
    while (this.#at < this.#end) {
      const digit = bytes[this.#at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      if (digits < 6) micros = micros * 10 + digit;
      else if (digit !== 0) return false;
      digits += 1;
      this.#at += 1;
    }
    for (let i = digits; i < 6; i += 1) micros *= 10;
    this.micros = micros;
    return digits > 0 && digits <= 9;
  }

  #zone(): boolean {
    if (this.#at === this.#end) return true;
    if (this.#skip(LETTER_Z)) {
      this.offsetMinutes = 0;
      return true;
    }
    const sign = this.#skip(PLUS) ? 1 : this.#skip(DASH) ? -1 : 0;
    if (sign === 0) return false;
    const hours = this.#number(2, 2);
    if (hours < 0) return false;
    this.#skip(COLON);
    const minutes = this.#at < this.#end ? this.#number(2, 2) : 0;
    if (minutes < 0) return false;
    this.offsetMinutes = sign * (hours * 60 + minutes);
    return true;
  }

  /** A whole number of `fewest` to `most` digits; -1: there is none. */
  #number(fewest: number, most: number): number {
    const bytes = this.#bytes;
    let value = 0;
    let digits = 0;
    while (digits < most && this.#at < this.#end) {
      const digit = bytes[this.#at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      digits += 1;
      this.#at += 1;
    }
    return digits < fewest ? -1 : value;
  }

  #skip(byte: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }
}

const BLANK = 0x20;
const PLUS = 0x2b;
const DASH = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
