import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../pipeline/system-clock.ts';
import { openProcesses } from './open-processes.ts';

test('a module that is no process is refused with what is wrong with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-process-'));
  const cases: readonly (readonly [text: string | null, reason: RegExp])[] = [
    [null, /ENOENT/],
    ['export const map = () => null;', /it has no default export/],
    ['export default { mapp: () => null };', /its default export has mapp, which no process has/],
    ['export default { map: 1 };', /its map is no function/],
    ["throw new Error('broken at once');", /broken at once/],
  ];
  try {
    for (const [at, [text, reason]] of cases.entries()) {
      const module = join(folder, `${at}.mjs`);
      if (text !== null) writeFileSync(module, text);
      const process = { module, concurrency: 1, timeout: 1_000, 'source-table': 'a.b' };
      await assert.rejects(
        openProcesses({ processes: [process] }, { clock: systemClock, deadLetters: null }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'PROCESS_MODULE_UNUSABLE');
          assert.match(error.message, reason);
          return true;
        },
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
