import { escape as literal, raw } from 'mysql2';

import { SeededRandom } from './seeded-random.ts';
import { type ShopFeatures, shopSchemaChanges, shopTables } from './shop-schema.ts';

/** Statements that belong together: sent as one text, committed as one transaction. */
export interface ShopTransaction {
  readonly sql: string;
  /** Rows it changes, about: an UPDATE of a group of rows is counted by the group's usual size. */
  readonly rows: number;
}

type Cell = Parameters<typeof literal>[0];

const products = 300;
const customersAtStart = 400;
const categories = 12;
const warehouses = 3;

const firstNames = [
  'Ada',
  'Björn',
  'Chloé',
  'Dmitri',
  'Emeka',
  'Fatima',
  'Grzegorz',
  'Hana',
  'İbrahim',
  'José',
  'Kofi',
  'Léa',
];
const lastNames = [
  'Andersson',
  'Brown',
  'Çelik',
  'Dubois',
  'Eze',
  'Fischer',
  'García',
  'Hansen',
  'Ivanova',
  'Jansen',
  'Kowalski',
];
const nativeNames = ['王小明', '李娜', '张伟', '刘洋', null];
const streets = ['Rue de la Paix', 'Königstraße', 'High Street', 'Calle Mayor', 'Østergade'];
const cities = ['Paris', 'København', '上海', 'Łódź', 'São Paulo', 'Lagos'];
const adjectives = ['Small', 'Sturdy', 'Folding', 'Electric', 'Handmade', 'Vintage'];
const things = ['lamp', 'kettle', 'tent', 'guitar', 'spade', 'backpack', 'notebook'];
const opinions = [
  'Works as it should.',
  'Broke after a week 😕',
  'Très bien !',
  '很好用，推荐',
  'Five stars ⭐⭐⭐⭐⭐',
  'It\'s "fine"\\ok',
];
const interests = ['garden', 'kitchen', 'music', 'sport', 'travel'];

/**
 * What happens in a shop, transaction by transaction, the same for the same seed: orders that touch five tables at once, payments,
 * returns that delete, customers and products that change, carts that change their key, bulk price changes, and schema changes.
 */
export class ShopWorkload {
  readonly #random: SeededRandom;
  readonly #features: ShopFeatures;
  #customers = 0;
  #orders = 0;
  #payments = 0;
  #carts = 0;
  #giftCards = 0;
  #minutes = 0;
  /** Orders that are there, with their number of items. */
  readonly #open: { readonly id: number; readonly lines: number }[] = [];
  readonly #cartOwners: string[] = [];
  readonly #reviews = new Set<string>();
  #schemaChanges = 0;

  constructor(seed: number, features: ShopFeatures) {
    this.#random = new SeededRandom(seed);
    this.#features = features;
  }

  /** The shop as it opens. */
  *opening(): Generator<ShopTransaction> {
    for (const sql of shopTables(this.#features)) yield { sql, rows: 0 };
    yield insert(
      'categories',
      times(categories, (i) => [
        i + 1,
        `${this.#random.pick(adjectives)} ${this.#random.pick(things)}s`,
        i < 3 ? null : 1 + (i % 3),
      ]),
    );
    for (let i = 0; i < products; i += 100)
      yield insert(
        'products',
        times(100, (j) => this.#product(i + j + 1)),
      );
    yield insert(
      'inventory',
      times(products * warehouses, (i) => [
        1 + Math.floor(i / warehouses),
        i % warehouses,
        this.#random.between(0, 90_000),
        0,
      ]),
    );
    for (let i = 0; i < customersAtStart; i += 100)
      yield insert(
        'customers',
        times(100, () => this.#customer()),
      );
  }

  /** The next thing that happens. */
  next(): ShopTransaction {
    this.#minutes += this.#random.between(0, 5);
    const dice = this.#random.next();
    if (dice < 0.46) return this.#placeOrder();
    if (dice < 0.6) return this.#advanceOrder();
    if (dice < 0.66) return this.#returnOrder();
    if (dice < 0.72) return this.#newCustomer();
    if (dice < 0.8) return this.#review();
    if (dice < 0.87) return this.#changeProduct();
    if (dice < 0.94) return this.#cart();
    if (dice < 0.97) return this.#visits();
    if (dice < 0.985) return this.#restock();
    return this.#schemaChanges >= 2 ? this.#giftCard() : this.#changeCustomer();
  }

  /** The next schema change; null when all were made. */
  nextSchemaChange(): ShopTransaction | null {
    const sql = shopSchemaChanges[this.#schemaChanges];
    if (sql === undefined) return null;
    this.#schemaChanges += 1;
    return { sql, rows: 0 };
  }

  #placeOrder(): ShopTransaction {
    const random = this.#random;
    this.#orders += 1;
    const id = this.#orders;
    const lines = random.between(1, 5);
    this.#open.push({ id, lines });
    const items = times(lines, (i) => [id, i + 1, random.between(1, products), random.between(1, 3), money(random, 2)]);
    const bought = items.map(([, , product]) => product);
    const channel = this.#schemaChanges >= 3 ? [['channel', random.pick(['web', 'phone', null])] as const] : [];
    const shipping = JSON.stringify({ to: random.pick(cities), express: random.chance(0.3), steps: [] });
    const order: Readonly<Record<string, Cell>> = Object.fromEntries([
      ['id', id],
      ['customer_id', this.#anyCustomer()],
      ['status', 'new'],
      ['total', money(random, 4)],
      ['placed', this.#now(3)],
      ['shipping', random.chance(0.9) ? shipping : null],
      ...channel,
    ]);
    return transaction(
      1 + lines + bought.length,
      `INSERT INTO orders SET ${Object.entries(order)
        .map(([name, value]) => `${name} = ${literal(value)}`)
        .join(', ')}`,
      values('order_items', items),
      `UPDATE inventory SET on_hand = on_hand - 1, reserved = reserved + 1 WHERE warehouse = ${id % warehouses} AND product_id IN (${bought.join(', ')})`,
    );
  }

  #advanceOrder(): ShopTransaction {
    const order = this.#random.pick(this.#open);
    if (order === undefined) return this.#placeOrder();
    this.#payments += 1;
    const id = Buffer.alloc(8);
    id.writeUInt32BE(this.#payments, 0);
    const method = this.#random.pick(['card', 'transfer', 'gift card']);
    const paid = this.#random.chance(0.8) ? this.#now(0) : null;
    return this.#withPartialJson(
      transaction(
        2,
        values('payments', [[id, order.id, method, money(this.#random, 4), paid]]),
        `UPDATE orders SET status = ${literal(this.#random.pick(['paid', 'shipped']))}, shipping = JSON_SET(shipping, '$.express', ${this.#random.chance(0.5)}, '$.tracking', ${this.#payments}) WHERE id = ${order.id}`,
      ),
    );
  }

  #returnOrder(): ShopTransaction {
    const index = this.#random.between(0, this.#open.length - 1);
    const [order] = this.#open.splice(index, 1);
    if (order === undefined) return this.#placeOrder();
    const gone = ['order_items', 'payments'].map((table) => `DELETE FROM ${table} WHERE order_id = ${order.id}`);
    return transaction(1 + order.lines, ...gone, `DELETE FROM orders WHERE id = ${order.id}`);
  }

  #newCustomer(): ShopTransaction {
    const customer = this.#customer();
    const [lon, lat] = [this.#random.between(-1790, 1790) / 10, this.#random.between(-890, 890) / 10];
    const place = raw(`ST_GeomFromText('POINT(${lon} ${lat})')`);
    const names = 'id, email, name, native_name, born, wakes, flags, tier, interests, since, notes, avatar, created';
    return transaction(
      2,
      values(`customers (${names})`, [customer]),
      values('addresses', [[customer[0], 'home', this.#random.pick(streets), this.#random.pick(cities), place]]),
    );
  }

  #changeCustomer(): ShopTransaction {
    const points = this.#schemaChanges >= 1 ? `, loyalty_points = loyalty_points + ${this.#random.between(1, 50)}` : '';
    return transaction(
      1,
      `UPDATE customers SET tier = ${literal(this.#random.pick(['silver', 'gold']))}${points} WHERE id = ${this.#anyCustomer()}`,
    );
  }

  #review(): ShopTransaction {
    const product = this.#random.between(1, products);
    const customer = this.#anyCustomer();
    const key = `${product} ${customer}`;
    if (this.#reviews.has(key)) {
      this.#reviews.delete(key);
      return transaction(1, `DELETE FROM reviews WHERE product_id = ${product} AND customer_id = ${customer}`);
    }
    this.#reviews.add(key);
    const stars = this.#random.between(1, 5);
    return transaction(
      2,
      values('reviews', [[product, customer, stars, this.#random.pick(opinions)]]),
      `UPDATE products SET rating = ${stars} * 0.9 WHERE id = ${product}`,
    );
  }

  #changeProduct(): ShopTransaction {
    const id = this.#random.between(1, products);
    const change = this.#random.pick([
      `JSON_SET(attributes, '$.stock.low', ${this.#random.between(0, 9)})`,
      `JSON_ARRAY_APPEND(attributes, '$.tags', ${literal(this.#random.pick(['new', 'sale', 'été']))})`,
      "JSON_REMOVE(attributes, '$.tags[0]')",
    ]);
    return this.#withPartialJson(
      transaction(
        1,
        `UPDATE products SET price = ${money(this.#random, 2)}, changed = ${literal(this.#now(6))}, attributes = ${change} WHERE id = ${id}`,
      ),
    );
  }

  #cart(): ShopTransaction {
    const owner = this.#cartOwners.pop();
    // A visitor who logs in takes the cart along: its key changes.
    if (owner !== undefined && this.#random.chance(0.6)) {
      return transaction(1, `UPDATE carts SET owner = ${literal(`customer ${owner}`)} WHERE owner = ${literal(owner)}`);
    }
    if (owner !== undefined) return transaction(1, `DELETE FROM carts WHERE owner = ${literal(owner)}`);
    const added = times(3, () => {
      this.#carts += 1;
      return `visitor ${this.#carts}`;
    });
    this.#cartOwners.push(...added);
    return transaction(
      added.length,
      values(
        'carts',
        added.map((name) => [name, this.#random.between(1, products), this.#random.between(1, 9)]),
      ),
    );
  }

  /** Rows without a key, some of them equal. */
  #visits(): ShopTransaction {
    const page = (): string => `/products/${this.#random.between(1, 20)}`;
    return transaction(
      6,
      values(
        'visits',
        times(5, () => [page(), this.#random.between(1, 30)]),
      ),
      `DELETE FROM visits WHERE page = ${literal(page())} LIMIT 1`,
    );
  }

  /** Many rows in one statement, in a compressed transaction where the server has those. */
  #restock(): ShopTransaction {
    const { sql, rows } = transaction(
      products,
      `UPDATE inventory SET on_hand = on_hand + ${this.#random.between(1, 40)} WHERE warehouse = ${this.#random.between(0, warehouses - 1)}`,
    );
    if (!this.#features.compression) return { sql, rows };
    const compression = (state: string): string => `SET SESSION binlog_transaction_compression = ${state}`;
    return { sql: `${compression('ON')}; ${sql}; ${compression('OFF')}`, rows };
  }

  #giftCard(): ShopTransaction {
    this.#giftCards += 1;
    const code = `GIFT${String(this.#giftCards).padStart(6, '0')}`;
    return transaction(1, values('gift_cards', [[code, money(this.#random, 2), '2030-12-31']]));
  }

  #withPartialJson({ sql, rows }: ShopTransaction): ShopTransaction {
    if (!this.#features.partialJson || this.#random.chance(0.5)) return { sql, rows };
    const options = (value: string): string => `SET SESSION binlog_row_value_options = '${value}'`;
    return { sql: `${options('PARTIAL_JSON')}; ${sql}; ${options('')}`, rows };
  }

  #product(id: number): readonly Cell[] {
    const random = this.#random;
    const attributes = {
      color: random.pick(['red', 'grün', 'blue']),
      tags: ['new'],
      stock: { low: 3, max: 1e15 },
      ratio: 0.25,
    };
    return [
      id,
      random.between(1, categories),
      `SKU-${String(id).padStart(6, '0')}`,
      `${random.pick(adjectives)} ${random.pick(things)}`,
      money(random, 2),
      random.between(1, 5_000) / 1_000,
      random.chance(0.8) ? random.between(10, 50) / 10 : null,
      JSON.stringify(attributes),
      random.chance(0.5) ? Buffer.from([0, id & 0xff, 0xff, 0]) : null,
      ...(this.#features.vectors ? [raw(`STRING_TO_VECTOR('[${id}, 0.5, -1.25, 1e-3]')`)] : []),
      this.#now(6),
    ];
  }

  #customer(): readonly Cell[] {
    const random = this.#random;
    this.#customers += 1;
    const id = this.#customers;
    const name = `${random.pick(firstNames)} ${random.pick(lastNames)}`;
    const set = interests.filter(() => random.chance(0.4)).join(',');
    return [
      // Some ids do not fit a signed integer.
      id % 50 === 0 ? raw(`18446744073709551615 - ${id}`) : id,
      `customer${id}@example.com`,
      name,
      random.pick(nativeNames),
      random.chance(0.9)
        ? `${random.between(1940, 2007)}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`
        : null,
      random.chance(0.7)
        ? `0${random.between(5, 9)}:${two(random.between(0, 59))}:00.${random.between(100, 999)}`
        : null,
      random.between(0, 31),
      'plain',
      set,
      random.between(1999, 2026),
      random.chance(0.3) ? `${name} asked for "early" delivery;\nring twice 🔔` : null,
      random.chance(0.5) ? Buffer.from([id & 0xff, 0, 0x80, 0]) : null,
      this.#now(6),
    ];
  }

  /** One of those whose id is its number. */
  #anyCustomer(): number {
    const id = this.#random.between(1, this.#customers);
    return id % 50 === 0 ? id - 1 : id;
  }

  /** The shop's own time, which passes with what happens in it. */
  #now(digits: number): string {
    const time = new Date(Date.UTC(2026, 0, 5, 8) + this.#minutes * 60_000);
    const fraction = digits === 0 ? '' : `.${String(this.#random.between(0, 10 ** digits - 1)).padStart(digits, '0')}`;
    return `${time.toISOString().slice(0, 19).replace('T', ' ')}${fraction}`;
  }
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const two = (value: number): string => String(value).padStart(2, '0');

const money = (random: SeededRandom, scale: number): string =>
  (random.between(100, 50_000_000) / 10 ** scale).toFixed(scale);

const values = (table: string, rows: readonly (readonly Cell[])[]): string =>
  `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map((value) => literal(value)).join(', ')})`).join(', ')}`;

const insert = (table: string, rows: readonly (readonly Cell[])[]): ShopTransaction => ({
  sql: values(table, rows),
  rows: rows.length,
});

const transaction = (rows: number, ...statements: readonly string[]): ShopTransaction => ({
  sql: ['START TRANSACTION', ...statements, 'COMMIT'].join('; '),
  rows,
});
