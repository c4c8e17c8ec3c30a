/** Rows within rows of another table, in whatever order both sides change: what Redis holds is what a join of them gives. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ArrayRowImages } from '../../../core/array-row-images.ts';
import type { Batch } from '../../../core/batch.ts';
import type { Change, Op } from '../../../core/change.ts';
import { position } from '../../../core/position.ts';
import type { Table } from '../../../core/table.ts';
import type { Row } from '../../../core/value.ts';
import { RedisSinkRig } from '../../../testing/redis-sink-rig.ts';
import { origin } from '../../../testing/sample-origin.ts';
import { column, int, table, varchar } from '../../../testing/sample-tables.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { launchRedis } from '../../../testing/servers/launch-redis.ts';

/** The file of the JSON module, where there is one: no package of Debian has it. */
const rejson = process.env['MILLRACE_TEST_REJSON'];
const launched = launchRedis(rejson === undefined ? {} : { settings: { loadmodule: rejson } });
after(async () => await (await launched)[Symbol.asyncDispose]());

const never = new AbortController().signal;
const required = { nullable: false };

/** A key of two columns, one of them text that has to be written out in names. */
const orders = table(
  'orders',
  [column('shop', varchar, required), column('id', int, required), column('note', varchar)],
  [0, 1],
);
const lines = table(
  'lines',
  [column('line', int, required), column('order_id', int), column('sku', varchar), column('order_shop', varchar)],
  [0],
);
/** One at most of each order. */
const bills = table(
  'bills',
  [column('order_shop', varchar, required), column('order_id', int, required), column('due', varchar)],
  [0, 1],
);
const tables = [orders, lines, bills];

const images = (target: Table, op: Op, before: Row | null, after: Row | null): Change => ({
  kind: 'rows',
  op,
  table: target,
  rows: new ArrayRowImages(target, { before: before && [before], after: after && [after] }),
  origin,
});

/** The rows of MySQL, by table and key. */
class Shop {
  readonly rows = new Map(tables.map((target) => [target, new Map<string, Row>()]));
  readonly #random: SeededRandom;
  readonly #cascades: boolean;

  constructor(random: SeededRandom, cascades: boolean) {
    this.#random = random;
    this.#cascades = cascades;
  }

  change(): Change {
    const random = this.#random;
    const target = random.pick([orders, lines, lines, bills]);
    const rows = this.rows.get(target)!;
    const before = rows.size > 0 && random.chance(0.6) ? random.pick([...rows.values()]) : null;
    const key = (row: Row): string => JSON.stringify(target.primaryKey.map((at) => row[at]));
    const after = before !== null && random.chance(0.4) ? null : this.#row(target);
    if (after === null || before === null) {
      const row = (after ?? before)!;
      const was = rows.get(key(row));
      if (after !== null && was === undefined) {
        rows.set(key(row), row);
        return images(target, 'create', null, row);
      }
      if (after === null) {
        rows.delete(key(row));
        this.#cascade(target, row, null);
        return images(target, 'delete', row, null);
      }
      rows.set(key(row), row);
      return images(target, 'update', was!, row);
    }
    const is = key(before) === key(after) || !rows.has(key(after)) ? after : before;
    rows.delete(key(before));
    rows.set(key(is), is);
    if (key(before) !== key(is)) this.#cascade(target, before, is);
    return images(target, 'update', before, is);
  }

  /** What the server does to children by itself, without logging it. */
  #cascade(target: Table, before: Row, after: Row | null): void {
    if (!this.#cascades || target !== orders) return;
    for (const [child, shopAt, idAt] of [
      [lines, 3, 1],
      [bills, 0, 1],
    ] as const) {
      const rows = this.rows.get(child)!;
      for (const [key, row] of [...rows]) {
        if (row[shopAt] !== before[0] || row[idAt] !== before[1]) continue;
        rows.delete(key);
        if (after === null) continue;
        const moved = row.map((value, at) => (at === shopAt ? after[0] : at === idAt ? after[1] : value));
        rows.set(JSON.stringify(child.primaryKey.map((at) => moved[at])), moved);
      }
    }
  }

  #row(target: Table): Row {
    const random = this.#random;
    const shop = random.pick(['a', 'b:{%}']);
    const id = random.integer(1, 4);
    const word = random.chance(0.2) ? null : random.pick(['x', 'é "quoted"', '', '}']);
    if (target === orders) return [shop, id, word];
    if (target === bills) return [shop, id, word];
    return [random.integer(1, 9), random.chance(0.15) ? null : id, word, random.chance(0.1) ? null : shop];
  }

  /** Each order as it should stand in Redis, by its key. */
  joined(): Readonly<Record<string, unknown>> {
    const children = (target: Table): readonly Row[] => [...this.rows.get(target)!.values()];
    return Object.fromEntries(
      children(orders).map(([shop, id, note]) => {
        const own = children(lines).filter((row) => row[3] === shop && row[1] === id);
        const bill = children(bills).find((row) => row[0] === shop && row[1] === id);
        const order = {
          shop,
          id,
          note,
          ...(own.length > 0 && {
            items: Object.fromEntries(own.map(([line, , sku]) => [String(line), { line, sku }])),
          }),
          ...(bill && { bill: { due: bill[2] } }),
        };
        return [`shop:orders:${shop === 'a' ? 'a' : 'b%3A%7B%25%7D'}:${id}`, order];
      }),
    );
  }
}

/** What stands at the keys of orders, in the form of `joined`. */
const held = async (rig: RedisSinkRig, value: string): Promise<Readonly<Record<string, unknown>>> => {
  const keys = (await rig.ask('KEYS', 'shop:*')) as readonly Buffer[];
  const found = keys.map(async (key) => {
    if (value !== 'hash') {
      const get = value === 'json' ? 'GET' : 'JSON.GET';
      return [String(key), JSON.parse(String(await rig.ask(get, key)))];
    }
    const { id, shop, note = null, bill, ...rest } = await rig.hash(key);
    const items = Object.entries(rest).map(([field, json]) => [field.slice('items:'.length), JSON.parse(json)]);
    const within = {
      ...(items.length > 0 && { items: Object.fromEntries(items) }),
      ...(bill && { bill: JSON.parse(bill) }),
    };
    return [String(key), { shop, id: Number(id), note, ...within }];
  });
  return Object.fromEntries(await Promise.all(found));
};

for (const value of ['hash', 'json', ...(rejson === undefined ? [] : ['redis-json'])]) {
  for (const cascade of ['', ' cascade']) {
    test(`rows within ${value}${cascade && ' whose server cascades'} are what a join gives, whatever comes first, snapshots and restarts between`, async () => {
      await using rig = await RedisSinkRig.open(await launched);
      const random = new SeededRandom(1);
      const shop = new Shop(random, cascade !== '');
      const settings = {
        value,
        'sink.tableId-to-nest.mapping': `shop.lines=shop.orders(shop=order_shop, id=order_id) as items${cascade}; shop.bills=shop.orders(order_shop, order_id) as bill${cascade}`,
      };
      let sink = await rig.sink(settings);
      await sink.claim('log');
      let number = 0;
      const write = async (...changes: Change[]): Promise<void> => {
        number += 1;
        const positions = new Map([['log', position(`place-${number}`)]]);
        await sink.write({ changes, positions, version: String(number).padStart(10, '0') } satisfies Batch, never);
      };
      for (let step = 0; step < 120; step += 1) {
        const changes = Array.from({ length: random.integer(1, 6) }, () => shop.change());
        await write(...changes);
        if (step % 15 === 7) {
          const target = random.pick(tables);
          const mark = (at: 'begin' | 'end'): Change => ({ kind: 'snapshot', at, table: target, reason: 'test' });
          // Some rows went without the log saying so, and changes go on while the others are read.
          const rows = shop.rows.get(target)!;
          for (const key of [...rows.keys()]) if (target !== orders && random.chance(0.3)) rows.delete(key);
          await write(mark('begin'), shop.change());
          if (random.chance(0.3)) {
            await sink[Symbol.asyncDispose]();
            sink = await rig.sink(settings);
            await sink.claim('log');
          }
          await write(...[...rows.values()].map((row) => images(target, 'read', null, row)));
          await write(shop.change(), mark('end'));
        }
        assert.deepEqual(await held(rig, value), shop.joined(), `step ${step}`);
      }
      await write({ kind: 'truncate', table: lines, origin });
      shop.rows.get(lines)!.clear();
      assert.deepEqual(await held(rig, value), shop.joined());
      await write({ kind: 'schema', before: orders, after: null, statement: '', origin });
      assert.deepEqual(await rig.ask('KEYS', 'shop:*'), []);
      await sink[Symbol.asyncDispose]();
    });
  }
}
