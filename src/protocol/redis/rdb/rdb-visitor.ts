export type RdbKind = 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'array' | 'module';

/** A key of an RDB file, told before its value. */
export interface RdbKey {
  /** Valid during the call. */
  readonly name: Buffer;
  readonly kind: RdbKind;
  /** How the file holds the value: `listpack`, `quicklist`, `table`, ... */
  readonly encoding: string;
  readonly database: number;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAtMs: number | null;
  /** Where the key begins in the file. */
  readonly offset: number;
}

/**
 * Is told what an RDB file holds, in the file's order: keys each begin, tell their elements one by one, and end. Bytes that are handed
 * over are valid during the call only.
 */
export interface RdbVisitor {
  /** A fact about the file, as `redis-ver`. */
  fact(name: string, value: string): void;
  /** The source text of a library of functions. */
  library(code: Buffer): void;
  begin(key: RdbKey): void;
  /** The value of a string. */
  text(value: Buffer): void;
  /** An element of a list, in order, or of a set. */
  element(value: Buffer): void;
  scored(member: Buffer, score: number): void;
  /** `expiresAtMs`: null where the field does not expire on its own. */
  field(name: Buffer, value: Buffer, expiresAtMs: number | null): void;
  /** An entry of a stream, its id as `ms-seq`; names and values in turn. */
  entry(id: string, pairs: readonly Buffer[]): void;
  /** A consumer group of a stream, with how many entries nobody has acknowledged. */
  group(name: Buffer, pending: number, consumers: number): void;
  /** An element of an array at its index, a bigint beyond 2^53 - 1; indexes between two that are told are empty. */
  indexed(index: number | bigint, value: Buffer): void;
  /** What a module keeps; its bytes are skipped. Outside of a key: facts of the module itself, or of the key that follows. */
  module(name: string): void;
  /** `bytes`: how many the key took in the file. */
  end(key: RdbKey, bytes: number): void;
}
