import type { MysqlOrigin } from '../../core/change.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';

/** Who numbers transactions: a server, or a tag on it. One object for each, however many transactions it numbers. */
export interface GtidSource {
  /** MySQL's server uuid, or MariaDB's `domain-server`. */
  readonly name: string;
  /** MySQL's tag; empty for none. */
  readonly tag: string;
  /** What stands before the number in a GTID's text. */
  readonly prefix: string;
}

/** One event group, as far as its first event tells. */
export interface GroupStart {
  readonly source: GtidSource | null;
  readonly number: number | bigint;
  readonly file: string;
  readonly offset: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** What all changes of one transaction have in common. */
export class TransactionOrigin {
  readonly flavor: Flavor;
  readonly serverId: number;
  readonly source: GtidSource | null;
  readonly number: number | bigint;
  readonly file: string;
  /** Where its BEGIN is in `file`. */
  beginOffset: number;
  readonly commitMicros: number;
  thread: number | null = null;

  constructor(
    flavor: Flavor,
    serverId: number,
    source: GtidSource | null,
    number: number | bigint,
    file: string,
    beginOffset: number,
    commitMicros: number,
  ) {
    this.flavor = flavor;
    this.serverId = serverId;
    this.source = source;
    this.number = number;
    this.file = file;
    this.beginOffset = beginOffset;
    this.commitMicros = commitMicros;
  }

  get gtid(): string | null {
    return this.source === null ? null : `${this.source.prefix}${this.number}`;
  }
}

/** A statement as the log quotes it, decoded only if somebody asks. */
export interface QuotedStatement {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A change's origin. Texts are made when asked for: most changes are written without ever looking at them. */
export class BinlogOrigin implements MysqlOrigin {
  readonly offset: number;
  readonly #transaction: TransactionOrigin;
  readonly #statement: QuotedStatement | null;

  constructor(transaction: TransactionOrigin, offset: number, statement: QuotedStatement | null) {
    this.offset = offset;
    this.#transaction = transaction;
    this.#statement = statement;
  }

  get kind(): 'mysql' {
    return 'mysql';
  }

  get flavor(): Flavor {
    return this.#transaction.flavor;
  }

  get serverId(): number {
    return this.#transaction.serverId;
  }

  get gtid(): string | null {
    return this.#transaction.gtid;
  }

  get file(): string {
    return this.#transaction.file;
  }

  get beginOffset(): number {
    return this.#transaction.beginOffset;
  }

  get commitMicros(): number {
    return this.#transaction.commitMicros;
  }

  get thread(): number | null {
    return this.#transaction.thread;
  }

  get query(): string | null {
    const statement = this.#statement;
    return statement === null ? null : statement.bytes.utf8Slice(statement.start, statement.end);
  }
}
