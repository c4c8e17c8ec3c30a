import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from './errors.ts';
import { columnPatterns, splitPatterns, tablePatterns } from './table-pattern.ts';

const matches = (patterns: string, database: string, table: string): boolean =>
  tablePatterns([patterns], []).matches(database, table);

const reasonOf = (pattern: string): string => {
  try {
    tablePatterns([pattern], []);
  } catch (error) {
    assert(isMillraceError(error, 'CONFIG_TABLE_PATTERN'));
    return error.details.reason;
  }
  assert.fail(`${pattern} was accepted`);
};

describe("Flink CDC's rules", () => {
  // The examples of Flink CDC's own documentation, with tables they mean and do not mean.
  const cases: [pattern: string, table: string, expected: boolean][] = [
    ['shop.orders', 'shop.orders', true],
    ['shop.orders', 'shop.orders_1', false],
    ['shop.orders', 'myshop.orders', false],
    ['db0.\\.*', 'db0.anything', true],
    ['db0.\\.*', 'db00.anything', false],
    ['db1.user_table_[0-9]+', 'db1.user_table_12', true],
    ['db1.user_table_[0-9]+', 'db1.user_table_', false],
    ['db[1-2].[app|web]order_\\.*', 'db2.aorder_x', true],
    ['db[1-2].[app|web]order_\\.*', 'db3.aorder_x', false],
    ['[app|web].order_\\.*', 'w.order_', true],
    ['adb.\\.*, bdb.user_table_[0-9]+', 'bdb.user_table_7', true],
    ['shop.orders_\\d+', 'shop.orders_42', true],
    ['shop.orders_\\d{2,4}', 'shop.orders_123', true],
    ['shop.orders_\\d{2,4}, shop.x', 'shop.x', true],
    ['(shop|app).(orders|items)', 'app.items', true],
    ['shop.a|b', 'shop.b', true],
    ['shop.a|b', 'shop.bc', false],
    ['shop.a\\_b', 'shop.a_b', true],
    ['shop.a\\,b', 'shop.a,b', true],
    ['\\.*.\\.*', 'any.thing', true],
    ['商店.订单_\\d+', '商店.订单_1', true],
  ];
  for (const [pattern, name, expected] of cases) {
    test(`${pattern} ${expected ? 'means' : 'does not mean'} ${name}`, () => {
      const [database, table] = name.split('.');
      assert.equal(matches(pattern, database!, table!), expected);
    });
  }

  test('names match without regard to case', () => assert(matches('Shop.ORDERS', 'shop', 'Orders')));

  test('a dot in a table name is matched by its part, not taken for the separator', () => {
    assert(matches('shop.\\.*', 'shop', 'odd.name'));
    assert(!matches('shop.odd', 'shop.odd', 'odd'));
  });
});

describe("Debezium's form", () => {
  const cases: [pattern: string, table: string, expected: boolean][] = [
    ['inventory\\.orders', 'inventory.orders', true],
    ['inventory\\.(orders|customers)', 'inventory.customers', true],
    ['inventory\\..*', 'inventory.anything', true],
    ['inventory\\..*', 'inventory2.anything', false],
    ['.*\\.orders', 'any.orders', true],
    ['.*\\.orders', 'any.orders2', false],
    ['shop\\.orders_.+', 'shop.orders_1', true],
  ];
  for (const [pattern, name, expected] of cases) {
    test(`${pattern} ${expected ? 'means' : 'does not mean'} ${name}`, () => {
      const [database, table] = name.split('.');
      assert.equal(matches(pattern, database!, table!), expected);
    });
  }
});

describe('what is refused', () => {
  test('a table without its database', () =>
    assert.match(reasonOf('orders'), /names no database; write DATABASE.orders/));
  test('three parts where a table has two', () =>
    assert.match(reasonOf('a.b.c'), /has 2 parts between dots, and this has 3/));
  test("a shell's star, saying what to write", () => assert.match(reasonOf('shop.*'), /write shop\.\\\.\*/));
  test('an unclosed class', () => assert.match(reasonOf('shop.[abc'), /unterminated character class/));
  test('a quantifier without anything before it', () => assert.match(reasonOf('shop.+a'), /nothing to repeat/));
  test("an escape of Java's that means something else in JavaScript", () =>
    assert.match(reasonOf('shop.\\Qa\\E'), /escape/));
});

test('an excluded table never matches, whatever includes it', () => {
  const patterns = tablePatterns(['shop.\\.*'], ['shop.tmp_\\.*, shop.audit']);
  assert(patterns.matches('shop', 'orders'));
  assert(!patterns.matches('shop', 'tmp_1'));
  assert(!patterns.matches('shop', 'AUDIT'));
  assert(!tablePatterns([], []).matches('shop', 'orders'));
});

test('columns are database.table.column', () => {
  const columns = columnPatterns(['shop.customers.(email|phone)', '\\.*.\\.*.secret_\\.*']);
  assert(columns.matches('shop', 'customers', 'Email'));
  assert(columns.matches('app', 'users', 'secret_key'));
  assert(!columns.matches('shop', 'customers', 'name'));
  assert.throws(() => columnPatterns(['shop.customers']), /this has 2/);
});

test('cutting a comma list twice changes nothing, and no text makes the cutting fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ',', '\\', '.', '{', '1', '}', ' ') }), (text) => {
      const once = splitPatterns(text);
      assert.deepEqual(once.flatMap(splitPatterns), once);
    }),
  );
});

test('any text either compiles or is refused with a reason', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        tablePatterns([text], []).matches('shop', 'orders');
      } catch (error) {
        assert(isMillraceError(error, 'CONFIG_TABLE_PATTERN'));
        assert.notEqual(error.details.reason, '');
      }
    }),
  );
});

test('a plain name means exactly itself', () => {
  const name = fc.stringMatching(/^[a-z0-9_]{1,12}$/);
  fc.assert(
    fc.property(name, name, name, (database, table, other) => {
      assert(matches(`${database}.${table}`, database, table));
      assert.equal(matches(`${database}.${table}`, database, other), other === table);
    }),
  );
});
