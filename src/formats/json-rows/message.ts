import type { Origin } from '../../core/change.ts';

/** One message of a log, as a topic's reader hands it on. */
export interface Message {
  readonly key: Uint8Array | null;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  /** The value's Connect schema as JSON, where it does not stand in the value. */
  readonly schema?: Uint8Array | null;
  /** The key's, likewise. */
  readonly keySchema?: Uint8Array | null;
  /** Where rows belong when the message itself does not say. */
  readonly database: string;
  readonly table: string;
  /** Its number in its log. */
  readonly offset: number;
  /** Where the message stands; asked for once per change, which may hold many messages. */
  origin(): Origin;
}

/** What became of a message: its rows were taken, or it has none, for this reason. */
export type Reading = 'taken' | 'tombstone' | 'heartbeat' | 'transaction' | 'schema change';

/** Reads one format's messages into changes. */
export interface MessageReader {
  /** Whether all is at hand that reading the message takes; else it is for `learn` to get. Left out: always. */
  isReady?(message: Message): boolean;
  /** Gets what messages asked about since lacked. */
  learn?(): Promise<void>;
  /** Throws, and takes nothing of the message, when it is not of the format or does not fit its table. */
  read(message: Message): Reading;
}
