import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablePatterns } from '../core/table-pattern.ts';
import { exactPattern } from './scan-config.ts';

test('a name is a pattern of itself, whatever characters it has', () => {
  for (const name of ['orders', 'a-b', 'a$b', 'a(b', 'a,b', 'ü_1', 'a[b]', 'a^b', 'a\\b', 'a b']) {
    const patterns = tablePatterns([`${exactPattern(name)}.${exactPattern(name)}`], []);
    assert.ok(patterns.matches(name, name), name);
    assert.ok(!patterns.matches(name, `${name}x`), name);
  }
});
