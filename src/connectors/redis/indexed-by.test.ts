import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { column, int, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { indexColumns, indexTemplate } from './indexed-by.ts';

const keyOf = (text: string, ...values: string[]): string => {
  const columns = indexColumns(text, ordersTable);
  const template = indexTemplate(ordersTable, columns);
  const bytes = Buffer.from(values.join(''));
  const starts = [0, 0, 0];
  const ends = [0, 0, 0];
  let at = 0;
  for (const [index, value] of values.entries()) {
    starts[columns[index]!] = at;
    at += Buffer.byteLength(value);
    ends[columns[index]!] = at;
  }
  const key = Buffer.alloc(template.longest(bytes.length));
  return key.toString('utf8', 0, template.write(key, 0, bytes, starts, ends));
};

test('the keys of an index name its table, its columns and their values, in its own order', () => {
  assert.equal(keyOf('status', 'paid'), 'idx:shop:orders:status:paid');
  assert.equal(keyOf('total, status', '42', 'half:paid'), 'idx:shop:orders:total,status:42:half%3Apaid');
});

test('indexes of unlike names have unlike keys', () => {
  const odd = table('a:b', [column('x,y', int), column('x', int), column('y', varchar)], []);
  const prefixes = [[0], [1, 2], [1], [2, 1]].map((columns) => String(indexTemplate(odd, columns).prefix));
  assert.deepEqual(prefixes, [
    'idx:shop:a%3Ab:x%2Cy:',
    'idx:shop:a%3Ab:x,y:',
    'idx:shop:a%3Ab:x:',
    'idx:shop:a%3Ab:y,x:',
  ]);
});

test('an index over a column that is not there, or twice there, is refused', () => {
  assert.throws(() => indexColumns('state', ordersTable), { code: 'CONFIG_TEMPLATE' });
  assert.throws(() => indexColumns('status,status', ordersTable), { code: 'CONFIG_TEMPLATE' });
});
