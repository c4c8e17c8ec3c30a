/**
 * What a server answers, in RESP2 or RESP3. Texts of any length are Buffers, because keys and values need not be text; only the
 * status words of a server (`+OK`) are strings. Sets arrive as arrays, attributes are read past.
 */
export type Reply =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | ReplyError
  | ReplyMap
  | Push
  | readonly Reply[];

/** An answer that says no: `NOPERM`, `WRONGTYPE`, `OOM`… It is a value, because the rest of a pipeline or an EXEC stands beside it. */
export class ReplyError {
  /** The first word: `ERR`, `NOAUTH`, `LOADING`. */
  readonly code: string;
  /** All of it. It may quote what was sent, so it is for an operator and never for a log. */
  readonly message: string;

  constructor(message: string) {
    this.message = message;
    this.code = /^[A-Z0-9]+/.exec(message)?.[0] ?? 'ERR';
  }
}

/** RESP3's map: entries in the order they came, whose keys may be anything. RESP2 sends the same as a flat array. */
export class ReplyMap {
  readonly entries: readonly (readonly [Reply, Reply])[];

  constructor(entries: readonly (readonly [Reply, Reply])[]) {
    this.entries = entries;
  }
}

/** RESP3's out-of-band message: `invalidate`, `message`. It answers no command. */
export class Push {
  readonly items: readonly Reply[];

  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}
