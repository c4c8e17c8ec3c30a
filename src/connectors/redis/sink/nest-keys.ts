import { Buffer } from 'node:buffer';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { KeyStore } from '../key-store.ts';
import { holderKind, leaveNest, renderHolder } from './nest-commands.ts';
import { foundMember, nestOf, readMember, rowOfNest } from './nest-names.ts';
import type { TableKeys } from './table-keys.ts';
import type { NestedShape, ParentKind, TableSettings } from './table-settings.ts';

/** Children of one nest that one HSCAN looks at, about. */
const scanCount = 1_000;

interface Options {
  readonly store: KeyStore;
  readonly tableKeys: TableKeys;
  /** What the keys of nests begin with. */
  readonly prefix: string;
}

/** Work on all rows of a table that stand within others, in steps, as `TableKeys` does it on keys. */
export class NestKeys {
  readonly #store: KeyStore;
  readonly #tableKeys: TableKeys;
  readonly #prefix: string;

  constructor({ store, tableKeys, prefix }: Options) {
    this.#store = store;
    this.#tableKeys = tableKeys;
    this.#prefix = prefix;
  }

  /** Puts what stands within rows into a set, in place of what it held; says how many. */
  async note(set: string, shape: NestedShape): Promise<number> {
    let noted = 0;
    await this.#tableKeys.step((block) => void block.add('UNLINK', set));
    for await (const { key, fields } of this.#children(shape)) {
      noted += fields.length;
      await this.#tableKeys.step((block) => {
        block.add('SADD', set, ...fields.map((field) => foundMember(field, key)));
      });
    }
    return noted;
  }

  /** Takes what is left in such a set out of its rows. */
  async sweep(set: string, shape: NestedShape): Promise<void> {
    await this.#tableKeys.drain(set, (members, block) => {
      const byKey = Map.groupBy(members.map(readMember), ({ key }) => key.toString('latin1'));
      for (const found of byKey.values()) {
        const fields = found.map(({ field }) => field);
        this.#takeOut(block, found[0]!.key, fields, shape);
      }
    });
  }

  /** Takes all rows of the table out of those that hold them. */
  async erase(shape: NestedShape): Promise<void> {
    for await (const { key, fields } of this.#children(shape)) {
      await this.#tableKeys.step((block) => this.#takeOut(block, key, fields, shape));
    }
  }

  /** Says of rows that hold others that they are gone, and what was to go with them. */
  addRemoved(block: CommandWriter, keys: readonly Buffer[], { nests, shape }: TableSettings): void {
    if (nests.length === 0) return;
    for (const key of keys) leaveNest(block, nestOf(this.#prefix, key), { nests, kind: shape.kind as ParentKind });
  }

  #takeOut(block: CommandWriter, key: Buffer, fields: readonly Buffer[], shape: NestedShape): void {
    const nest = nestOf(this.#prefix, key);
    block.add('HDEL', nest, ...fields);
    renderHolder(block, { key, nest, kind: holderKind(shape), fields, isFresh: false });
  }

  async *#children(shape: NestedShape): AsyncGenerator<{ key: Buffer; fields: readonly Buffer[] }> {
    for await (const nests of this.#tableKeys.scan(Buffer.from(this.#prefix), 'hash')) {
      for (const nest of nests) {
        const key = rowOfNest(this.#prefix, nest);
        if (!shape.place.keys.matches(key)) continue;
        for await (const found of this.#fields(nest)) {
          const fields = shape.kind === 'list' ? found : found.filter((field) => nameOf(field) === shape.nesting.name);
          if (fields.length > 0) yield { key, fields };
        }
      }
    }
  }

  async *#fields(nest: Buffer): AsyncGenerator<readonly Buffer[]> {
    let cursor: Buffer | string = '0';
    do {
      const from: Buffer | string = cursor;
      const [reply] = await this.#store.ask([nest], (block) => void block.add('HSCAN', nest, from, 'COUNT', scanCount));
      if (reply instanceof ReplyError) throw this.#store.home.failure(reply, 'HSCAN');
      const [next, found] = reply as readonly Reply[];
      cursor = next as Buffer;
      const flat = found as readonly Buffer[];
      yield flat.filter((_, at) => at % 2 === 0);
    } while (String(cursor) !== '0');
  }
}

const nameOf = (field: Buffer): string => field.toString('latin1').split(':', 1)[0]!;
