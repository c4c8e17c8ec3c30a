import { Buffer } from 'node:buffer';
import { indexColumns, indexTemplate } from '../connectors/redis/indexed-by.ts';
import type { KeyTemplate } from '../connectors/redis/key-template.ts';
import { MillraceError } from '../core/errors.ts';
import { qualifiedName } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import type { Reply } from '../protocol/redis/reply.ts';
import type { CachedRow } from './cache-options.ts';
import type { RedisLinks } from './redis-links.ts';
import type { RowCodec } from './row-codec.ts';

interface Index {
  readonly columns: readonly number[];
  readonly keys: KeyTemplate;
  /** A set of it held something: before that nothing tells it from one that the sink does not keep. */
  isKept: boolean;
}

export interface IndexReadsOptions {
  readonly codec: RowCodec;
  readonly links: RedisLinks;
  /** As the sink has them: `customer_id,status` each. */
  readonly indexes: readonly string[];
}

/** Rows by what they hold in the columns of an index that the pipeline's sink keeps beside them. */
export class IndexReads {
  readonly #options: IndexReadsOptions;
  readonly #indexes: readonly Index[];

  /** Throws CONFIG_TEMPLATE for an index of columns that the table does not have. */
  constructor(options: IndexReadsOptions) {
    this.#options = options;
    const { table } = options.codec;
    this.#indexes = options.indexes.map((text) => {
      const columns = indexColumns(text, table);
      return { columns, keys: indexTemplate(table, columns), isKept: false };
    });
  }

  /** The values by column of the table. Throws CACHE_KEY_INVALID, and CACHE_TABLE_REFUSED where there is no index of just these. */
  wanted(values: Readonly<Record<string, unknown>>): { readonly row: Row; readonly columns: readonly number[] } {
    const { codec } = this.#options;
    const names = Object.keys(values).toSorted().join();
    const nameOf = (column: number): string => codec.table.columns[column]!.name;
    const found = this.#indexes.find(({ columns }) => columns.map(nameOf).toSorted().join() === names);
    if (found === undefined) {
      const reason = `there is no index of ${names || 'no column'}; name those that the sink keeps in \`indexes\``;
      throw new MillraceError('CACHE_TABLE_REFUSED', { table: qualifiedName(codec.table), reason });
    }
    return { row: codec.rowOf(values, found.columns), columns: found.columns };
  }

  /**
   * null: Redis cannot tell, because the table is not complete there, or the index has never held anything. Rejects where Redis does not
   * answer.
   */
  async find(row: Row, columns: readonly number[]): Promise<readonly CachedRow[] | null> {
    const { codec, links } = this.#options;
    const { tables } = links.own;
    const index = this.#indexes.find((each) => each.columns === columns)!;
    const indexKey = codec.keyBytes(row, index.keys);
    // The set first: what is complete after it was asked for was so before.
    const found = links.of(indexKey).ask(
      (commands) => void commands.add('SMEMBERS', indexKey),
      (reply) => (reply as readonly Reply[]).filter(Buffer.isBuffer),
    );
    // Of two nodes the answers come in no order.
    if (links.isCluster) await found;
    const [members, complete] = await Promise.all([
      found,
      links.of(Buffer.from(tables)).ask(
        (commands) => void commands.add('HGET', tables, qualifiedName(codec.table)),
        (reply) => Buffer.isBuffer(reply) && reply.toString() === 'complete',
      ),
    ]);
    if (members.length > 0) index.isKept = true;
    if (!complete || !links.keepsRows || !index.isKept) return null;
    const held = await Promise.all(
      members.map((member) =>
        links.of(member).ask(
          (commands) => codec.ask(commands, member),
          (reply) => codec.held(reply),
        ),
      ),
    );
    const rows: CachedRow[] = [];
    for (const each of held) {
      if (each.state === 'partial') return null;
      // A row may have gone, or got other values, since its key was read from the set.
      if (each.state === 'row' && columns.every((column) => codec.isValue(each.row, column, row[column]!))) {
        rows.push(each.row);
      }
    }
    return rows;
  }
}
