import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { MillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { qualifiedName, type Table } from '../../../core/table.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { indexTemplate } from '../indexed-by.ts';
import type { KeyStore } from '../key-store.ts';
import { KeyTemplate } from '../key-template.ts';
import { renderHolder } from './nest-commands.ts';
import { nestOf, rowOfNest } from './nest-names.ts';
import type { OwnKeys } from './own-keys.ts';
import type { TableKeys } from './table-keys.ts';
import {
  hasOwnKeys,
  isNested,
  type ParentKind,
  type TableSettings,
  typeOf,
  type ValueShape,
} from './table-settings.ts';

/** How the settings had a table's rows written, as it is kept beside them. Columns are named, because their positions may change. */
interface Layout {
  /** The text of its key template, and the columns in it. */
  readonly key: string;
  readonly columns: readonly string[];
  readonly value: string;
  /** The columns of each index. */
  readonly indexes: readonly (readonly string[])[];
}

interface Options {
  readonly store: KeyStore;
  readonly own: OwnKeys;
  readonly tableKeys: TableKeys;
  readonly log: Log;
}

/**
 * Keeps how each table was written, and follows changed settings when its rows are met again: rows get their new keys, an index that
 * was added is made of the hashes that are there, one that was left out is removed. What cannot be followed is refused, because old
 * rows would stay as they were, with nobody who removes them.
 */
export class TableLayouts {
  readonly #store: KeyStore;
  readonly #own: OwnKeys;
  readonly #tableKeys: TableKeys;
  readonly #log: Log;

  constructor({ store, own, tableKeys, log }: Options) {
    this.#store = store;
    this.#own = own;
    this.#tableKeys = tableKeys;
    this.#log = log;
  }

  /** `sweeping`: a snapshot of the table is under way. Throws REDIS_LAYOUT_CHANGED. */
  async follow(table: Table, settings: TableSettings, sweeping: boolean): Promise<void> {
    const label = qualifiedName(table);
    const is = layoutOf(table, settings);
    const text = JSON.stringify(is);
    const kept = await this.#store.home.command('HGET', this.#own.layouts, label);
    if (String(kept) === text) return;
    if (Buffer.isBuffer(kept)) {
      const was = JSON.parse(kept.toString()) as Layout;
      if (was.value !== is.value) throw changed(label, `its rows are kept as ${was.value}, and would be ${is.value}`);
      if (sweeping) throw changed(label, 'the settings say otherwise than when its snapshot began');
      const isMoved = was.key !== is.key || was.columns.join() !== is.columns.join();
      if (isMoved) await this.#move(table, settings, was, is);
      await this.#reindex(table, settings, was, is, isMoved);
    }
    await this.#tableKeys.step((block) => void block.add('HSET', this.#own.layouts, label, text));
  }

  /** A table's definition has changed, and its rows with it. */
  async forget(table: Table): Promise<void> {
    await this.#tableKeys.step((block) => void block.add('HDEL', this.#own.layouts, qualifiedName(table)));
  }

  async #move(table: Table, settings: TableSettings, was: Layout, is: Layout): Promise<void> {
    const label = qualifiedName(table);
    const { shape, keys, nests } = settings;
    const columns = was.columns.map((name) => table.columns.findIndex((column) => column.name === name));
    if (this.#store.isCluster && (isNested(shape) || nests.length > 0)) {
      throw changed(label, 'its rows would get other keys, which may be on other nodes than what stands within them');
    }
    if (was.key === is.key || columns.includes(-1) || !keys.columns.every((column) => columns.includes(column))) {
      throw changed(label, 'its rows would get other keys, which cannot be made of the ones that they have');
    }
    const from = KeyTemplate.restored(was.key, columns);
    const renamed = (key: Buffer): Buffer => {
      const now = rekeyed(key, from, keys, table.columns.length);
      if (from.matches(now)) throw changed(label, 'its old keys and its new ones could not be told apart');
      return now;
    };
    if (isNested(shape) || nests.length > 0) await this.#moveNests(from, renamed);
    if (shape.kind !== 'nested') await this.#moveKeys(table, settings, from, renamed);
    this.#log.info('the settings give the rows of a table other keys, so they were renamed', { table: label });
  }

  /** The keys are noted first and struck out as they are done, so that a crash in between goes on where it was. */
  async #moveKeys(
    table: Table,
    { shape, nests, keys }: TableSettings,
    from: KeyTemplate,
    renamed: (key: Buffer) => Buffer,
  ): Promise<void> {
    const { changes, rework } = this.#own;
    const id = createHash('sha256')
      .update(JSON.stringify([table.id, from.text, keys.text]))
      .digest('hex')
      .slice(0, 16);
    if (String(await this.#store.home.command('HGET', changes, id)) !== 'noted') {
      await this.#tableKeys.note(rework, from, typeOf(shape));
      await this.#tableKeys.step((block) => void block.add('HSET', changes, id, 'noted'));
    }
    await this.#tableKeys.drain(rework, async (found, block) => {
      if (this.#store.isCluster) {
        const moves = found.map((key) => ({ from: key, to: renamed(key) }));
        for (const key of await this.#tableKeys.copy(moves)) block.add('UNLINK', key);
        return;
      }
      for (const key of found) {
        const now = renamed(key);
        block.add('EVAL', renameKey, 2, key, now);
        if (nests.length > 0) this.#render(block, now, shape);
      }
    });
    await this.#tableKeys.step((block) => void block.add('HDEL', changes, id));
  }

  async #moveNests(from: KeyTemplate, renamed: (key: Buffer) => Buffer): Promise<void> {
    const { nest: prefix } = this.#own;
    for await (const found of this.#tableKeys.scan(Buffer.from(prefix), 'hash')) {
      const own = found.map((nest) => rowOfNest(prefix, nest)).filter((key) => from.matches(key));
      await this.#tableKeys.step((block) => {
        for (const key of own) block.add('EVAL', moveNest, 2, nestOf(prefix, key), nestOf(prefix, renamed(key)));
      });
    }
  }

  #render(block: CommandWriter, key: Buffer, { kind }: ValueShape): void {
    const nest = nestOf(this.#own.nest, key);
    renderHolder(block, { key, nest, kind: kind as ParentKind, fields: [], isFresh: true });
  }

  async #reindex(table: Table, settings: TableSettings, was: Layout, is: Layout, isMoved: boolean): Promise<void> {
    const label = qualifiedName(table);
    const { shape, keys, indexes } = settings;
    const isKept = (names: readonly string[], others: Layout['indexes']): boolean =>
      !isMoved && others.some((other) => other.join() === names.join());
    const added = indexes.filter((_, at) => !isKept(is.indexes[at]!, was.indexes));
    for (const names of was.indexes.filter((each) => !isKept(each, is.indexes))) {
      const columns = names.map((name) => table.columns.findIndex((column) => column.name === name));
      if (!columns.includes(-1)) await this.#tableKeys.erase(indexTemplate(table, columns), 'set');
    }
    if (added.length === 0) return;
    if (!hasOwnKeys(shape) || shape.kind !== 'hash') {
      throw changed(label, `an index was added, and its rows as ${shape.kind} do not say what belongs into it`);
    }
    for await (const found of this.#tableKeys.ofTable(keys, 'hash')) {
      for (const index of added) {
        const names = index.columns.map((column) => table.columns[column]!.name);
        const rows = await this.#tableKeys.fields(found, names);
        await this.#tableKeys.step((block) => {
          for (const [at, values] of rows.entries()) {
            const known = values.filter((value) => value !== null);
            if (known.length === names.length) block.add('SADD', keyOf(index, known, table.columns.length), found[at]!);
          }
        });
      }
    }
    this.#log.info('an index that the settings added was made of the hashes that are there', { table: label });
  }
}

const layoutOf = (table: Table, { shape, keys, indexes }: TableSettings): Layout => {
  const name = (column: number): string => table.columns[column]!.name;
  return {
    key: keys.text,
    columns: keys.columns.map(name),
    value: valueText(shape, name),
    indexes: indexes.map((index) => index.columns.map(name)),
  };
};

const valueText = (shape: ValueShape, name: (column: number) => string): string => {
  switch (shape.kind) {
    case 'string':
      return `string(${name(shape.column)})`;
    case 'set':
      return `set(${name(shape.member)})`;
    case 'sorted-set':
      return `sorted-set(${name(shape.member)},${name(shape.score)})`;
    case 'list':
      return `list(${name(shape.element)},${name(shape.order)})`;
    case 'nested':
      return `${shape.nesting.name} within ${shape.nesting.parent} as ${shape.parent}`;
    default:
      return shape.kind;
  }
};

/** The key that another template gives to the row of this key. */
const rekeyed = (key: Buffer, from: KeyTemplate, to: KeyTemplate, width: number): Buffer => {
  const values = from.read(key)!;
  return keyOf(
    to,
    to.columns.map((column) => values[from.columns.indexOf(column)]!),
    width,
  );
};

/** `values` in the order of the template's columns; `width`: how many columns the table has. */
const keyOf = (template: KeyTemplate, values: readonly Buffer[], width: number): Buffer => {
  const starts = new Int32Array(width);
  const ends = new Int32Array(width);
  let length = 0;
  for (const [at, column] of template.columns.entries()) {
    starts[column] = length;
    length += values[at]!.length;
    ends[column] = length;
  }
  const key = Buffer.alloc(template.longest(length));
  return key.subarray(0, template.write(key, 0, Buffer.concat(values), starts, ends));
};

const changed = (table: string, reason: string): MillraceError =>
  new MillraceError('REDIS_LAYOUT_CHANGED', { table, reason });

/** KEYS: what it was, what it is. A row that left by itself meanwhile is not there. */
const renameKey = `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[2])
return 1`;

/** KEYS: nests. What came under the new key already is newer. */
const moveNest = `local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do redis.call('HSETNX', KEYS[2], all[i], all[i + 1]) end
redis.call('UNLINK', KEYS[1])
return 1`;
