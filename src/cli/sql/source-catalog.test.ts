import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScript } from '../../sql/parse/script.ts';
import { mentionedDatabases } from './source-catalog.ts';

test('only databases that a statement reads from are looked through', () => {
  const query =
    'SELECT 1 FROM orders o JOIN crm.customers c ON o.a = c.b WHERE EXISTS (SELECT 1 FROM `a.b`.c) UNION TABLE d.e';
  assert.deepEqual(mentionedDatabases(parseScript(query), 'shop').toSorted(), ['a.b', 'crm', 'd', 'shop']);
  assert.deepEqual(mentionedDatabases(parseScript('SELECT 1 FROM (VALUES (1)) AS v (x)'), 'shop'), []);
});
