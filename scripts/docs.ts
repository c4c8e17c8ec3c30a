/** Writes the reference pages and the editors' schema from the code. A test fails while they differ. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePages } from '../src/cli/reference/pages.ts';

for (const [path, text] of await referencePages()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stderr.write(`wrote ${path}\n`);
}
