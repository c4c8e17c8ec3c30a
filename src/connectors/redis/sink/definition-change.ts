import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { SchemaChange } from '../../../core/change.ts';
import type { Log } from '../../../core/log.ts';
import { originPlace } from '../../../core/origin-place.ts';
import { type Column, qualifiedName, type Table } from '../../../core/table.ts';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import type { KeyStore } from '../key-store.ts';
import type { KeyTemplate } from '../key-template.ts';
import type { OwnKeys } from './own-keys.ts';
import type { TableKeys } from './table-keys.ts';

interface Options {
  readonly store: KeyStore;
  readonly own: OwnKeys;
  readonly tableKeys: TableKeys;
  readonly log: Log;
}

/** What a changed definition asks of each hash. */
interface Rework {
  readonly from: KeyTemplate;
  readonly to: KeyTemplate;
  readonly moves: boolean;
  /** Fields to be read, by their old names: those that get another, and those that the new key is made of. */
  readonly read: readonly string[];
  /** By position in `read`: the field's new name; null: it keeps its own. */
  readonly renamed: readonly (string | null)[];
  readonly removed: readonly string[];
  /** By column of the new definition: the position in `read`; -1: it is not read. */
  readonly places: readonly number[];
}

/**
 * Follows changes of definitions in the hashes that are there: keys are renamed with their table or key columns, fields are renamed
 * and removed. In a cluster they are copied, since their new keys are on other nodes. The keys are noted first and struck out as they are done, so a crash in between goes on where it was: doing such a
 * thing twice would swap back what was swapped.
 */
export class DefinitionChanges {
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

  /** `keysOf` null: the table's rows have no keys, and so no hashes. */
  async follow(change: SchemaChange, keysOf: (table: Table) => KeyTemplate | null): Promise<void> {
    const { before, after } = change;
    const from = before && keysOf(before);
    if (before === null || from === null) return;
    const id = changeId(change);
    const state = await this.#store.home.command('HGET', this.#own.changes, id);
    if (String(state) === 'done') return;
    if (after === null) await this.#tableKeys.erase(from, 'hash');
    else {
      const to = keysOf(after);
      if (to === null) {
        this.#log.warn('the table has no key any more, so its rows stay in Redis as they are', {
          table: qualifiedName(after),
        });
      } else await this.#rework(id, String(state) === 'noted', reworkOf(change, before, after, from, to));
      this.#warnOfTexts(before, after, change.renamedColumns ?? new Map());
    }
    await this.#tableKeys.step((block) => void block.add('HSET', this.#own.changes, id, 'done'));
  }

  async #rework(id: string, noted: boolean, rework: Rework): Promise<void> {
    if (!rework.moves && rework.removed.length === 0 && rework.renamed.every((name) => name === null)) return;
    const { changes, rework: set } = this.#own;
    if (!noted) {
      await this.#tableKeys.note(set, rework.from, 'hash');
      await this.#tableKeys.step((block) => void block.add('HSET', changes, id, 'noted'));
    }
    await this.#tableKeys.drain(set, async (keys, block) => {
      if (rework.moves && this.#store.isCluster) {
        for (const key of await this.#copy(rework, keys)) block.add('UNLINK', key);
        return;
      }
      const fields = rework.read.length === 0 ? null : await this.#tableKeys.fields(keys, rework.read);
      for (const [index, key] of keys.entries()) writeRework(block, rework, key, fields?.[index] ?? []);
    });
  }

  /**
   * Writes hashes under their new keys, which are on other nodes; says which keys are to go now. One that is gone was copied before a
   * crash.
   */
  async #copy(rework: Rework, keys: readonly Buffer[]): Promise<readonly Buffer[]> {
    const { to, read, renamed, removed, places } = rework;
    const left: Buffer[] = [];
    const hashes = await this.#tableKeys.hashes(keys);
    const refusal = await this.#tableKeys.step((block) => {
      for (const [index, key] of keys.entries()) {
        const { fields: hash, livesMs } = hashes[index]!;
        const fields = read.map((name) => hash.get(name) ?? null);
        const moved = keyOf(to, places, fields);
        if (hash.size === 0 || moved === null || moved.equals(key)) continue;
        for (const name of removed) hash.delete(name);
        for (const [at, name] of renamed.entries()) if (name !== null) hash.delete(read[at]!);
        for (const [at, name] of renamed.entries()) if (name !== null && fields[at]) hash.set(name, fields[at]);
        block.add('UNLINK', moved).add('HSET', moved, ...[...hash].flat());
        if (livesMs !== null) block.add('PEXPIRE', moved, livesMs);
        left.push(key);
      }
    });
    if (refusal !== null) throw this.#store.home.failure(refusal, 'HSET');
    return left;
  }

  /** What the server converted without logging a row. */
  #warnOfTexts(before: Table, after: Table, renamed: ReadonlyMap<string, string>): void {
    const old = new Map(before.columns.map((column) => [renamed.get(column.name) ?? column.name, column]));
    const unknown = after.columns.filter((column) => {
      const was = old.get(column.name);
      return was === undefined ? fillsRows(column) : textMayDiffer(was, column);
    });
    if (unknown.length === 0) return;
    this.#log.warn('rows written before keep what they had in these columns; take a new snapshot of the table', {
      table: qualifiedName(after),
      columns: unknown.map(({ name }) => name).join(', '),
    });
  }
}

const reworkOf = (
  { renamedColumns = new Map() }: SchemaChange,
  before: Table,
  after: Table,
  from: KeyTemplate,
  to: KeyTemplate,
): Rework => {
  const oldName = new Map([...renamedColumns].map(([old, now]) => [now, old]));
  const kept = new Set(after.columns.map(({ name }) => oldName.get(name) ?? name));
  const moves = from.text !== to.text;
  const read = [...renamedColumns.keys()];
  const renamed: (string | null)[] = [...renamedColumns.values()];
  const places = after.columns.map(({ name }, column) => {
    if (!moves || !to.columns.includes(column)) return -1;
    const field = oldName.get(name) ?? name;
    const known = read.indexOf(field);
    if (known >= 0) return known;
    renamed.push(null);
    return read.push(field) - 1;
  });
  const removed = before.columns.map(({ name }) => name).filter((name) => !kept.has(name));
  return { from, to, moves, read, renamed, removed, places };
};

const writeRework = (
  block: CommandWriter,
  { to, moves, read, renamed, removed, places }: Rework,
  key: Buffer,
  fields: readonly (Buffer | null)[],
): void => {
  let target = key;
  if (moves) {
    const moved = keyOf(to, places, fields);
    // A row without one of its key's columns is none that this sink wrote.
    if (moved === null) return;
    if (!moved.equals(key)) block.add('RENAME', key, moved);
    target = moved;
  }
  const gone = [...removed, ...read.filter((_, at) => renamed[at] !== null)];
  if (gone.length > 0) block.add('HDEL', target, ...gone);
  const values = renamed.flatMap((name, at) => (name !== null && fields[at] ? [name, fields[at]] : []));
  if (values.length > 0) block.add('HSET', target, ...values);
};

const keyOf = (to: KeyTemplate, places: readonly number[], fields: readonly (Buffer | null)[]): Buffer | null => {
  const starts = places.map(() => 0);
  const ends = places.map(() => 0);
  const values: Buffer[] = [];
  let length = 0;
  for (const column of to.columns) {
    const value = fields[places[column]!];
    if (!value) return null;
    starts[column] = length;
    length += value.length;
    ends[column] = length;
    values.push(value);
  }
  const key = Buffer.alloc(to.longest(length));
  return key.subarray(0, to.write(key, 0, Buffer.concat(values), starts, ends));
};

/** Whether an added column gives the rows that are there a value. */
const fillsRows = ({ nullable, defaultExpression, generated }: Column): boolean =>
  !nullable || generated || (defaultExpression !== null && !/^null$/i.test(defaultExpression));

/** Whether the same value may be another text in the changed column. */
const textMayDiffer = ({ type: was }: Column, { type: now }: Column): boolean => {
  if (was.kind !== now.kind) return true;
  if ('fsp' in was && 'fsp' in now) return was.fsp !== now.fsp;
  if (was.kind === 'decimal' && now.kind === 'decimal') return was.scale !== now.scale;
  if (was.kind === 'text' && now.kind === 'text') return now.maxBytes < was.maxBytes || was.fixed !== now.fixed;
  if (was.kind === 'binary' && now.kind === 'binary') return now.maxBytes < was.maxBytes || now.fixed;
  const members = 'values' in was && 'values' in now ? [was.values, now.values] : null;
  return members !== null && members[0]!.some((value) => !members[1]!.includes(value));
};

/** The same change of the same log has the same id whenever it is read. */
const changeId = ({ before, after, statement, origin }: SchemaChange): string =>
  createHash('sha256')
    .update(JSON.stringify([originPlace(origin), before?.id ?? null, after?.id ?? null, statement]))
    .digest('hex')
    .slice(0, 16);
