import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablePatterns } from '../../core/table-pattern.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { exactPattern, mentionedDatabases } from './source-catalog.ts';

test('only databases that a statement reads from are looked through', () => {
  const query =
    'SELECT 1 FROM orders o JOIN crm.customers c ON o.a = c.b WHERE EXISTS (SELECT 1 FROM `a.b`.c) UNION TABLE d.e';
  assert.deepEqual(mentionedDatabases(parseScript(query), 'shop').toSorted(), ['a.b', 'crm', 'd', 'shop']);
  assert.deepEqual(mentionedDatabases(parseScript('SELECT 1 FROM (VALUES (1)) AS v (x)'), 'shop'), []);
});

test('a name is a pattern of itself, whatever characters it has', () => {
  for (const name of ['orders', 'a-b', 'a$b', 'a(b', 'a,b', 'ü_1', 'a[b]', 'a^b', 'a\\b', 'a b']) {
    const patterns = tablePatterns([`${exactPattern(name)}.${exactPattern(name)}`], []);
    assert.ok(patterns.matches(name, name), name);
    assert.ok(!patterns.matches(name, `${name}x`), name);
  }
});
