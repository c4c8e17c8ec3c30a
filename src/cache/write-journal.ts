import { Buffer } from 'node:buffer';
import { columnValueReader } from '../connectors/redis/hash-values.ts';
import type { Table } from '../core/table.ts';
import type { Row, Value } from '../core/value.ts';
import type { Reply } from '../protocol/redis/reply.ts';

/** One write that MySQL may not have yet. */
export interface JournalEntry {
  /** In the stream. */
  readonly id: string;
  readonly redisKey: Buffer;
  readonly token: string;
  /** The write whose row this one was made upon; '': MySQL's. */
  readonly upon: string;
  /** What stood in Redis when it was made; null: no row. */
  readonly before: Row | null;
  /** null: it removes the row. */
  readonly row: Row | null;
}

/** Reads what XRANGE answers. Fields that the table does not have are left out, and columns without a field are NULL. */
export class JournalReader {
  readonly #columns: ReadonlyMap<string, number>;
  readonly #readers: readonly ((bytes: Buffer) => Value)[];

  constructor(table: Table) {
    this.#columns = new Map(table.columns.map(({ name }, at) => [name, at]));
    this.#readers = table.columns.map(({ type }) => columnValueReader(type));
  }

  entries(reply: Reply): readonly JournalEntry[] {
    return (reply as readonly (readonly [Reply, readonly Buffer[]])[]).map(([id, fields]) => {
      const values = new Map<string, Buffer>();
      for (let i = 0; i < fields.length; i += 2) values.set(fields[i]!.toString(), fields[i + 1]!);
      const before = values.get('b')!;
      const row = values.get('r');
      return {
        id: String(id),
        redisKey: Buffer.from(values.get('k')!),
        token: values.get('t')!.toString(),
        upon: values.get('p')!.toString(),
        before: before.length === 0 ? null : this.#row(before),
        row: row === undefined ? null : this.#row(row),
      };
    });
  }

  #row(bytes: Buffer): Row {
    const row: Value[] = new Array(this.#readers.length).fill(null);
    let name: Buffer | null = null;
    for (let at = 0; at < bytes.length; ) {
      const colon = bytes.indexOf(0x3a, at);
      const end = colon + 1 + Number(bytes.latin1Slice(at, colon));
      const text = bytes.subarray(colon + 1, end);
      at = end;
      if (name === null) {
        name = text;
        continue;
      }
      const column = this.#columns.get(name.toString());
      if (column !== undefined) row[column] = this.#readers[column]!(text);
      name = null;
    }
    return row;
  }
}
