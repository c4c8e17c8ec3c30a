import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The statements of the corpus: one begins at each line that is not indented and closes nothing. */
export const readCorpus = (): readonly string[] => {
  const folder = fileURLToPath(new URL('statements/', import.meta.url));
  return globSync('*.sql', { cwd: folder })
    .sort()
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split(/\n(?![ )'])/));
};
