import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeMatcher, similarMatcher } from './like.ts';

/** Every character that a keyboard has beside letters. */
const signs = Array.from({ length: 0x7f - 0x20 }, (_, at) => String.fromCharCode(0x20 + at)).filter(
  (sign) => !/[A-Za-z0-9]/.test(sign),
);

test('a sign in a pattern of LIKE stands for itself, unless it is % or _', () => {
  for (const sign of signs) {
    if (sign === '%' || sign === '_') continue;
    const matches = likeMatcher(`a%${sign}_`, null);
    assert.equal(matches(`ab${sign}c`), true, sign);
    assert.equal(matches('abxc'), false, sign);
  }
});

test('a sign in a pattern of SIMILAR TO stands for itself, unless it is one of its own', () => {
  for (const sign of signs) {
    if ('%_|*+?{}()[]'.includes(sign)) continue;
    assert.equal(similarMatcher(`a${sign}b`, null)(`a${sign}b`), true, sign);
    assert.equal(similarMatcher(`a${sign}b`, null)('axb'), false, sign);
    if (sign === '^' || sign === '-') continue;
    assert.equal(similarMatcher(`a[x${sign}]b`, null)(`a${sign}b`), true, sign);
  }
  assert.equal(similarMatcher('2024-[0-1][0-9]-%', null)('2024-02-29'), true);
});
