/**
 * A place in MariaDB's log: for each replication domain the last transaction before it, as `gtid_slave_pos` and
 * `gtid_binlog_pos` print it: `0-1-5,1-2-7` (domain-server-sequence). Within a domain transactions are ordered, so a position
 * covers every transaction of the domain up to its own.
 */

import { MillraceError } from '../../../core/errors.ts';
import { type Gno, normal } from './gno.ts';

export interface MariadbGtidName {
  readonly domain: number;
  readonly server: number;
  readonly sequence: Gno;
}

export class MariadbGtidPosition {
  readonly #domains = new Map<number, { server: number; sequence: Gno }>();

  /** Reads what MariaDB prints, with spaces allowed around items. */
  static parse(text: string): MariadbGtidPosition {
    const position = new MariadbGtidPosition();
    for (const item of text.split(',').map((part) => part.trim())) {
      if (item === '') continue;
      const match = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/.exec(item);
      if (match === null) throw malformed(text, `${item} is not domain-server-sequence`);
      const domain = Number(match[1]);
      const server = Number(match[2]);
      const sequence = BigInt(match[3]!);
      if (domain > maxU32 || server > maxU32 || sequence > maxU64) throw malformed(text, `${item} is out of range`);
      if (position.#domains.has(domain)) throw malformed(text, `domain ${domain} is named twice`);
      position.set(domain, server, normal(sequence));
    }
    return position;
  }

  /** What a GTID_LIST stands for: it names every server of a domain, the one that wrote last at the end. */
  static fromList(gtids: readonly MariadbGtidName[]): MariadbGtidPosition {
    const position = new MariadbGtidPosition();
    for (const { domain, server, sequence } of gtids) position.set(domain, server, sequence);
    return position;
  }

  get isEmpty(): boolean {
    return this.#domains.size === 0;
  }

  /** The last transaction of a domain; null: none. */
  get(domain: number): { readonly server: number; readonly sequence: Gno } | null {
    return this.#domains.get(domain) ?? null;
  }

  /** Moves a domain to a transaction, whatever stood there. */
  set(domain: number, server: number, sequence: Gno): void {
    const entry = this.#domains.get(domain);
    if (entry === undefined) {
      this.#domains.set(domain, { server, sequence });
    } else {
      entry.server = server;
      entry.sequence = sequence;
    }
  }

  /** Whether the transaction lies at or before this position. */
  has(domain: number, sequence: Gno): boolean {
    const entry = this.#domains.get(domain);
    return entry !== undefined && sequence <= entry.sequence;
  }

  /** Whether everything up to `other` lies at or before this position, in every domain. */
  contains(other: MariadbGtidPosition): boolean {
    for (const [domain, { sequence }] of other.#domains) if (!this.has(domain, sequence)) return false;
    return true;
  }

  /** The same transactions by the same servers. */
  equals(other: MariadbGtidPosition): boolean {
    return this.toString() === other.toString();
  }

  clone(): MariadbGtidPosition {
    return MariadbGtidPosition.fromList(this.gtids());
  }

  /** A new position: the later one of each domain. */
  union(other: MariadbGtidPosition): MariadbGtidPosition {
    const result = this.clone();
    for (const { domain, server, sequence } of other.gtids()) {
      if (!result.has(domain, sequence)) result.set(domain, server, sequence);
    }
    return result;
  }

  /** One per domain, in the order of domains. */
  gtids(): MariadbGtidName[] {
    return [...this.#domains].sort(([a], [b]) => a - b).map(([domain, entry]) => ({ domain, ...entry }));
  }

  toString(): string {
    return this.gtids()
      .map(({ domain, server, sequence }) => `${domain}-${server}-${sequence}`)
      .join(',');
  }
}

const maxU32 = 2 ** 32 - 1;
const maxU64 = 2n ** 64n - 1n;

const malformed = (text: string, reason: string): MillraceError =>
  new MillraceError('GTID_SET_MALFORMED', { text: text.length > 100 ? `${text.slice(0, 100)}…` : text, reason });
