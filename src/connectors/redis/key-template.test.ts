import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMillraceError } from '../../core/errors.ts';
import { column, int, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { KeyTemplate } from './key-template.ts';

const pairs = table(
  'pairs',
  [column('left', varchar, { nullable: false }), column('right', int, { nullable: false }), column('value', varchar)],
  [0, 1],
);

/** The key of a row whose values by column are these bytes. */
const keyOf = (template: KeyTemplate, values: readonly Uint8Array[]): Buffer => {
  const from = Buffer.concat(values);
  const ends = values.map((_, i) => values.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
  const starts = ends.map((end, i) => end - values[i]!.length);
  const to = Buffer.alloc(template.longest(from.length));
  return to.subarray(0, template.write(to, 0, from, starts, ends));
};

const bytes = (...values: readonly string[]): Buffer[] => values.map((value) => Buffer.from(value));

test('a key names the table and every column of the primary key', () => {
  const template = KeyTemplate.of('%{database}:%{table}:%{key}', pairs);
  assert.deepEqual(template.columns, [0, 1]);
  assert.equal(String(template.prefix), 'shop:pairs:');
  assert.equal(String(keyOf(template, bytes('a', '-7', 'x'))), 'shop:pairs:a:-7');
  assert.equal(String(keyOf(KeyTemplate.of('o/%{id}/row', ordersTable), bytes('1', 'new', '5'))), 'o/1/row');
});

test('what would end a value, or move the key to another slot, is written out', () => {
  const template = KeyTemplate.of('{%{left}}/%{right}', pairs);
  const key = keyOf(template, bytes('a:b{c}%/', '1'));
  assert.equal(String(key), '{a%3Ab%7Bc%7D%25/}/1');
  assert.deepEqual(template.read(key), bytes('a:b{c}%/', '1'));
  const slashed = KeyTemplate.of('%{left}/%{right}', pairs);
  assert.equal(String(keyOf(slashed, bytes('a/b', '1'))), 'a%2Fb/1');
});

test('any bytes come back from the key, and unlike rows have unlike keys', () => {
  const value = fc.uint8Array({ maxLength: 12 });
  for (const text of ['%{table}:%{key}', '{%{right}}%{left}', '%{right}-%{left}!', 'a%{left}3%{right}x%']) {
    const template = KeyTemplate.of(text, pairs);
    fc.assert(
      fc.property(value, value, value, value, (left, right, otherLeft, otherRight) => {
        const values = [Buffer.from(left), Buffer.from(right)];
        const others = [Buffer.from(otherLeft), Buffer.from(otherRight)];
        const key = keyOf(template, values);
        assert.deepEqual(
          template.read(key),
          template.columns.map((at) => values[at]),
        );
        const same = Buffer.concat([...values.map((each) => Buffer.from(`${each.toString('hex')},`))]).equals(
          Buffer.concat([...others.map((each) => Buffer.from(`${each.toString('hex')},`))]),
        );
        assert.equal(key.equals(keyOf(template, others)), same);
      }),
    );
  }
});

test('a key that another hand wrote is either read and written the same, or refused', () => {
  const template = KeyTemplate.of('t:%{key}', pairs);
  for (const wrong of ['t:a', 't:a:1:2', 'u:a:1', 't:%41:1', 't:%3a:1', 't:%3:1', 't:a%', 't:a:%2', 't:%ZZ:1', '']) {
    assert.equal(template.read(Buffer.from(wrong)), null, wrong);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), (tail) => {
      const key = Buffer.concat([Buffer.from('t:'), tail]);
      const values = template.read(key);
      if (values !== null) assert.ok(keyOf(template, values as Buffer[]).equals(key));
    }),
  );
});

test('a template by which two rows could share a key, or a key could not be read back, is refused', () => {
  const keyless = table('events', [column('kind', varchar)], []);
  const refused = (text: string, target: typeof pairs, reason: RegExp): void =>
    assert.throws(
      () => KeyTemplate.of(text, target),
      (error) => isMillraceError(error, 'CONFIG_TEMPLATE') && reason.test(error.message),
    );
  refused('%{table}:%{left}', pairs, /leaves out right/);
  refused('%{left}%{right}', pairs, /nothing separates right/);
  refused('%{left}%3%{right}', pairs, /goes on with %/);
  refused('%{key}:%{left}', pairs, /left stands in it twice/);
  refused('%{table}:%{key}', keyless, /no primary key/);
  refused('%{table}:%{nothing}', pairs, /no %\{nothing\}/);
});

test('a unique key without NULL names the rows of a table that has no primary key', () => {
  const accounts = table('accounts', [column('email', varchar, { nullable: false }), column('name', varchar)], [], {
    uniqueKeys: [[0]],
  });
  assert.equal(String(keyOf(KeyTemplate.of('a:%{key}', accounts), bytes('x@y', 'X'))), 'a:x@y');
});

test('templates share keys where one text can be of both', () => {
  const of = (text: string): KeyTemplate => KeyTemplate.of(text, pairs);
  const whole = (text: string): KeyTemplate => KeyTemplate.of(text, pairs, []);
  for (const [one, other, shares] of [
    [of('pair:%{left}:%{right}'), of('pair:%{right}:%{left}'), true],
    [of('pair:%{left}:%{right}'), of('pairs:%{left}:%{right}'), false],
    // A colon is written out in a value; a slash only where the template has one behind it.
    [of('pair:%{left}:%{right}'), KeyTemplate.of('pair:%{left}', pairs, [0]), false],
    [KeyTemplate.of('pair/%{left}', pairs, [0]), of('pair/%{left}/%{right}'), true],
    [whole('pair:all'), KeyTemplate.of('pair:%{left}', pairs, [0]), true],
    [whole('pair:all:'), KeyTemplate.of('pair:%{left}', pairs, [0]), false],
    [whole('pairs'), whole('pairs'), true],
    [whole('pairs'), whole('pair'), false],
    [of('%{left}-%{right}'), of('x%{left}-y%{right}-z'), false],
    [of('%{left}-%{right}'), of('x%{left}-y%{right}z'), true],
  ] as const) {
    assert.equal(one.sharesKeys(other), shares, `${one.text} ${other.text}`);
    assert.equal(other.sharesKeys(one), shares, `${other.text} ${one.text}`);
  }
});

test('a key of one template that another reads is one that they share', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 3 });
  const text = fc.tuple(part, part, part).map(([a, b, c]) => `${a}%{left}x${b}%{right}${c}`);
  fc.assert(
    fc.property(text, text, part, part, (first, second, left, right) => {
      const [one, other] = [KeyTemplate.of(first, pairs), KeyTemplate.of(second, pairs)];
      const key = keyOf(one, bytes(left, right));
      if (!key.includes('%') && other.matches(key)) assert.ok(one.sharesKeys(other), `${first} ${second} ${key}`);
    }),
  );
});
