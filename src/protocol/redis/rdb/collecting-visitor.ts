import type { RdbKey, RdbVisitor } from './rdb-visitor.ts';

export interface CollectedKey {
  readonly name: string;
  readonly kind: string;
  readonly encoding: string;
  readonly database: number;
  readonly expiresAtMs: number | null;
  /** Elements as texts, in the file's order; what a list, hash or stream adds to them stands beside. */
  readonly values: readonly (string | readonly (string | number | null)[])[];
}

/** Keeps all that a file holds, as texts. For tests: a file is larger than memory. */
export class CollectingVisitor implements RdbVisitor {
  readonly facts = new Map<string, string>();
  readonly libraries: string[] = [];
  readonly modules: string[] = [];
  readonly keys: CollectedKey[] = [];
  #values: (string | readonly (string | number | null)[])[] = [];

  fact(name: string, value: string): void {
    this.facts.set(name, value);
  }

  library(code: Buffer): void {
    this.libraries.push(code.toString('latin1'));
  }

  begin(_key: RdbKey): void {
    this.#values = [];
  }

  text(value: Buffer): void {
    this.#values.push(value.toString('latin1'));
  }

  element(value: Buffer): void {
    this.#values.push(value.toString('latin1'));
  }

  scored(member: Buffer, score: number): void {
    this.#values.push([member.toString('latin1'), score]);
  }

  field(name: Buffer, value: Buffer, expiresAtMs: number | null): void {
    this.#values.push([name.toString('latin1'), value.toString('latin1'), expiresAtMs]);
  }

  entry(id: string, pairs: readonly Buffer[]): void {
    this.#values.push([id, ...pairs.map((text) => text.toString('latin1'))]);
  }

  group(name: Buffer, pending: number, consumers: number): void {
    this.#values.push(['group', name.toString('latin1'), pending, consumers]);
  }

  indexed(index: number | bigint, value: Buffer): void {
    this.#values.push([String(index), value.toString('latin1')]);
  }

  module(name: string): void {
    this.modules.push(name);
  }

  end(key: RdbKey): void {
    const { kind, encoding, database, expiresAtMs } = key;
    this.keys.push({
      name: key.name.toString('latin1'),
      kind,
      encoding,
      database,
      expiresAtMs,
      values: this.#values,
    });
  }
}
