import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../../core/errors.ts';
import { parseAofManifest } from './aof-manifest.ts';

test('the base comes first, then the increments by sequence, whatever the order of the lines', () => {
  const files = parseAofManifest(
    [
      'file appendonly.aof.10.incr.aof seq 10 type i',
      'file appendonly.aof.9.incr.aof seq 9 type i',
      '# a note',
      'file appendonly.aof.2.base.rdb seq 2 type b',
      'file appendonly.aof.8.incr.aof seq 8 type h',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    files.map(({ name, kind }) => [name, kind]),
    [
      ['appendonly.aof.8.incr.aof', 'history'],
      ['appendonly.aof.2.base.rdb', 'base'],
      ['appendonly.aof.9.incr.aof', 'increment'],
      ['appendonly.aof.10.incr.aof', 'increment'],
    ],
  );
});

test('quoted names are read as the server writes them', () => {
  const [file] = parseAofManifest('file "my \\"own\\"\\x41 file.aof" seq 1 type i\n');
  assert.equal(file?.name, 'my "own"A file.aof');
  assert.equal(parseAofManifest("file 'a b\\'c' seq 1 type i")[0]?.name, "a b'c");
});

test('a line that names no file of the log is refused with its number', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['file a seq 1', /line 1 .*type is none of/],
    ['file a seq x type i', /seq is not a number/],
    ['file ../a seq 1 type i', /another folder/],
    ['seq 1 type i', /names no file/],
    ['file a seq 1 type', /names and values/],
    ['file "a seq 1 type i', /names and values/],
    ['\nfile a seq 1 type z', /line 2/],
    ['file a seq 1 type b\nfile b seq 2 type b', /more than one base/],
  ];
  for (const [text, reason] of refused) {
    assert.throws(
      () => parseAofManifest(text),
      (error) => isMillraceError(error, 'REDIS_AOF_MANIFEST_INVALID') && reason.test(error.message),
      text,
    );
  }
});
