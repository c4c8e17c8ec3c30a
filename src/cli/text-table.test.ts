import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textTable } from './text-table.ts';

test('figures stand to the right, everything else to the left', () => {
  const rows = [
    ['b', '7', 'x'],
    ['long', '10.5', '1'],
  ];
  assert.equal(
    textTable(['name', 'n', 'word'], rows),
    ['name     n  word', 'b        7  x', 'long  10.5  1'].join('\n'),
  );
});

test('without a head both columns stand to the left', () => {
  assert.equal(
    textTable(
      [],
      [
        ['a', '1'],
        ['bcd', '22'],
      ],
    ),
    'a    1\nbcd  22',
  );
  assert.equal(textTable([], []), '');
});

test('a table of many rows is made in one pass over them', () => {
  // Checked for each cell anew, the figures alone would take hours.
  const rows = Array.from({ length: 200_000 }, (_, at) => [`row ${at}`, String(at)]);
  assert.equal(textTable(['name', 'n'], rows).split('\n').length, 200_001);
});
