import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameTemplate } from './name-template.ts';

const known = ['database', 'table'] as const;
const filled = (text: string): string => nameTemplate(text, known).fill({ database: 'shop', table: 'orders' });

test('variables are filled in wherever they stand, as often as they stand', () => {
  assert.equal(filled('%{database}.%{table}'), 'shop.orders');
  assert.equal(filled('cdc-%{table}-%{table}'), 'cdc-orders-orders');
  assert.equal(filled('plain'), 'plain');
  assert.equal(filled(''), '');
  assert.deepEqual([...nameTemplate('%{table}', known).variables], ['table']);
});

test('a percent sign is itself, and a doubled one before a brace escapes it', () => {
  assert.equal(filled('100%'), '100%');
  assert.equal(filled('%table'), '%table');
  assert.equal(filled('%%{table}'), '%{table}');
  assert.equal(filled('a%%{b}%{table}'), 'a%{b}orders');
});

test('what is filled in is not read again', () => {
  const template = nameTemplate('%{table}', known);
  assert.equal(template.fill({ database: 'd', table: '%{database}' }), '%{database}');
});

test('an unknown variable is refused with the known ones, an open one with what is missing', () => {
  assert.throws(() => filled('%{tabel}'), {
    code: 'CONFIG_TEMPLATE',
    message: /there is no %\{tabel\}; the variables are %\{database\}, %\{table\}/,
  });
  assert.throws(() => filled('%{table'), { code: 'CONFIG_TEMPLATE', message: /closing } is missing/ });
  assert.throws(() => filled('%{}'), { code: 'CONFIG_TEMPLATE' });
});

test('a text without %{ is what it was', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('%{'));
      assert.equal(filled(text), text);
    }),
  );
});
