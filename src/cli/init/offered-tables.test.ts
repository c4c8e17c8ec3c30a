import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseTables, offerTables, offerText } from './offered-tables.ts';

const table = (
  database: string,
  name: string,
  more: { readonly key?: readonly string[]; readonly rows?: number } = {},
) => ({
  database,
  name,
  engine: 'InnoDB',
  rows: more.rows ?? 10,
  bytes: 16_384,
  key: more.key ?? ['id'],
});
const few = [table('crm', 'people'), table('shop', 'orders', { rows: 1_500 }), table('shop', 'a+b', { key: [] })];
const many = Array.from({ length: 40 }, (_, i) =>
  table(i < 30 ? 'shop' : 'crm', `t${i}`, { key: i === 3 ? [] : ['id'] }),
);

const choose = (answer: string, tables = few) => chooseTables(answer, offerTables(tables), tables);

describe('tables are offered', () => {
  test('one by one while they fit on a screen, with their rows and what lacks a key', () => {
    assert.deepEqual(offerText(offerTables(few)).split('\n').slice(1), [
      '   1  crm.people   ~10',
      '   2  shop.orders  ~1.5K',
      '   3  shop.a+b     ~10    no primary key',
    ]);
  });

  test('by database when there are too many', () => {
    assert.deepEqual(offerText(offerTables(many)).split('\n').slice(1), [
      '   1  shop.\\.*  ~300  30 tables, 1 without a primary key',
      '   2  crm.\\.*   ~100  10 tables',
    ]);
    assert.equal(choose('2', many).tables.length, 10);
  });
});

describe('tables are chosen', () => {
  const cases: readonly [answer: string, patterns: readonly string[], count: number][] = [
    ['2', ['shop.orders'], 1],
    ['1-2', ['crm.people', 'shop.orders'], 2],
    ['1 3', ['crm.people', 'shop.a\\+b'], 2],
    [' 1 , 1,2 ', ['crm.people', 'shop.orders'], 2],
    ['shop', ['shop.\\.*'], 2],
    ['orders', ['shop.orders'], 1],
    ['shop.a+b', ['shop.a\\+b'], 1],
    ['shop.o\\.*, crm', ['shop.o\\.*', 'crm.\\.*'], 2],
  ];
  for (const [answer, patterns, count] of cases) {
    test(`by ${answer}`, () => {
      const chosen = choose(answer);
      assert.deepEqual(chosen.patterns, patterns);
      assert.equal(chosen.tables.length, count);
    });
  }

  const refused: readonly [answer: string, why: RegExp][] = [
    ['', /no table was named/],
    [',', /no table was named/],
    ['0', /0 is not among the numbers 1 to 3/],
    ['3-2', /3-2 is not among/],
    ['4', /4 is not among/],
    ['ordrs', /no table or database ordrs; did you mean orders\?/],
    ['shop.ordrs', /shop\.ordrs matches no table; did you mean shop\.orders\?/],
    ['nowhere.x', /nowhere\.x matches no table$/],
    ['shop.*', /a lone \* is no regular expression; write shop\.\\\.\*/],
    ['shop.[', /cannot read the name pattern/],
  ];
  for (const [answer, why] of refused) {
    test(`and not by ${answer || 'nothing'}`, () => assert.throws(() => choose(answer), why));
  }
});
