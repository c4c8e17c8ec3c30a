import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from './connector.ts';
import { locateIn } from './operating.ts';

test('a source that cannot be asked for a place refuses with a code', async () => {
  const source: Source = {
    async *read() {},
    covers: () => false,
    holds: () => false,
    [Symbol.asyncDispose]: async () => {},
  };
  await assert.rejects(
    locateIn(source, { at: 'latest' }, async () => null),
    { code: 'OFFSETS_UNSUPPORTED' },
  );
});
