import { keyText } from '../../connectors/redis/key-text.ts';
import type { RdbKey, RdbVisitor } from '../../protocol/redis/rdb/rdb-visitor.ts';

export interface KindCount {
  keys: number;
  elements: number;
  bytes: number;
  expiring: number;
}

export interface LargeKey {
  readonly name: string;
  readonly kind: string;
  readonly encoding: string;
  readonly database: number;
  readonly elements: number;
  readonly bytes: number;
}

const day = 86_400_000;
/** In how long keys expire: up to each of these, in milliseconds, and its name. */
const expirySpans = [
  [0, 'expired'],
  [60_000, 'within 1 minute'],
  [3_600_000, 'within 1 hour'],
  [day, 'within 1 day'],
  [7 * day, 'within 7 days'],
  [30 * day, 'within 30 days'],
  [365 * day, 'within 1 year'],
  [Number.POSITIVE_INFINITY, 'later'],
] as const;

/** Counts what an RDB file holds: by type, by encoding, by database, by when keys expire, and the largest keys. */
export class RdbCount implements RdbVisitor {
  readonly facts = new Map<string, string>();
  readonly kinds = new Map<string, KindCount>();
  readonly encodings = new Map<string, number>();
  readonly databases = new Map<number, number>();
  readonly modules = new Map<string, number>();
  /** Largest first. */
  readonly largest: LargeKey[] = [];
  keys = 0;
  elements = 0;
  expiring = 0;
  expired = 0;
  /** Keys by the span in which they expire, the soonest first; those without a key too. */
  readonly expiries = new Map<string, number>(expirySpans.map(([, name]) => [name, 0]));
  /** Fields of hashes that expire on their own. */
  expiringFields = 0;
  libraries = 0;
  readonly #top: number;
  readonly #nowMs: number;
  #elementsOfKey = 0;

  /** `top`: how many of the largest keys to keep. `nowMs`: milliseconds since 1970, to tell which keys have expired. */
  constructor(top: number, nowMs: number) {
    this.#top = top;
    this.#nowMs = nowMs;
  }

  fact(name: string, value: string): void {
    this.facts.set(name, value);
  }

  library(): void {
    this.libraries += 1;
  }

  begin(): void {
    this.#elementsOfKey = 0;
  }

  text(): void {
    this.#elementsOfKey += 1;
  }

  element(): void {
    this.#elementsOfKey += 1;
  }

  scored(): void {
    this.#elementsOfKey += 1;
  }

  field(_name: Buffer, _value: Buffer, expiresAtMs: number | null): void {
    this.#elementsOfKey += 1;
    if (expiresAtMs !== null) this.expiringFields += 1;
  }

  entry(): void {
    this.#elementsOfKey += 1;
  }

  indexed(): void {
    this.#elementsOfKey += 1;
  }

  group(): void {}

  module(name: string): void {
    this.modules.set(name, (this.modules.get(name) ?? 0) + 1);
  }

  end(key: RdbKey, bytes: number): void {
    const elements = this.#elementsOfKey;
    this.keys += 1;
    this.elements += elements;
    const kind = this.kinds.get(key.kind) ?? { keys: 0, elements: 0, bytes: 0, expiring: 0 };
    this.kinds.set(key.kind, kind);
    kind.keys += 1;
    kind.elements += elements;
    kind.bytes += bytes;
    if (key.expiresAtMs !== null) {
      kind.expiring += 1;
      this.expiring += 1;
      const inMs = key.expiresAtMs - this.#nowMs;
      if (inMs <= 0) this.expired += 1;
      const [, span] = expirySpans.find(([upTo]) => inMs <= upTo)!;
      this.expiries.set(span, this.expiries.get(span)! + 1);
    }
    const encoding = `${key.kind} ${key.encoding}`;
    this.encodings.set(encoding, (this.encodings.get(encoding) ?? 0) + 1);
    this.databases.set(key.database, (this.databases.get(key.database) ?? 0) + 1);
    this.#keepIfLarge(key, elements, bytes);
  }

  #keepIfLarge(key: RdbKey, elements: number, bytes: number): void {
    const { largest } = this;
    if (largest.length === this.#top && bytes <= (largest.at(-1)?.bytes ?? 0)) return;
    const at = largest.findIndex((other) => other.bytes < bytes);
    const { kind, encoding, database } = key;
    const large = { name: keyText(key.name), kind, encoding, database, elements, bytes };
    largest.splice(at < 0 ? largest.length : at, 0, large);
    if (largest.length > this.#top) largest.pop();
  }
}
