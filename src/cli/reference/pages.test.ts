import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { errorCodes, errorPage } from '../error-page.ts';
import { answerTo, longFormMistakes, typos, wrongValues } from './mistakes-page.ts';
import { referencePages } from './pages.ts';

const root = new URL('../../../', import.meta.url);

describe('the generated pages', async () => {
  for (const [path, text] of await referencePages()) {
    test(`${path} is what \`npm run docs\` writes`, () => {
      assert.equal(readFileSync(new URL(path, root), 'utf8'), text, `run \`npm run docs\` and commit ${path}`);
    });
  }
});

test('every error code has a message that names its details, and a hint that is a sentence', () => {
  for (const code of errorCodes) {
    const { message, hint } = errorPage(code);
    assert.doesNotMatch(message, /undefined|NaN|\[object|0x0|function/, `${code}: ${message}`);
    assert.doesNotMatch(message, /\.$/, `${code}: a message has no full stop: ${message}`);
    assert.match(hint, /^([A-Z`\d]|millrace |docs\/).*\.$/s, `${code}: a hint is a sentence: ${hint}`);
  }
});

describe('every pipeline file that is shown', () => {
  const shown = [
    ...globSync('examples/*.yaml', { cwd: fileURLToPath(root) }).map((path) => [
      path,
      readFileSync(new URL(path, root), 'utf8'),
    ]),
    ...Array.from(
      readFileSync(new URL('docs/config.md', root), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms),
      (match, at) => [`docs/config.md (${at + 1})`, match[1]!],
    ),
  ] as [name: string, text: string][];
  for (const [name, text] of shown) {
    test(`${name} loads without a warning`, async () => {
      const env = { MYSQL_PASSWORD: 'x', HASH_SALT: 'x' };
      const loaded = await loadPipelineFile(name, {
        env,
        overrides: [],
        version: '0',
        connectors,
        readText: () => text,
      });
      assert.deepEqual(
        loaded.diagnostics.map(({ error }) => error.message),
        [],
      );
    });
  }
});

describe('each mistake of docs/config-mistakes.md', () => {
  for (const mistake of [...typos, ...wrongValues, ...longFormMistakes]) {
    test(`gets one error with its place: ${mistake.what}`, async () => {
      const answer = await answerTo(mistake);
      assert.equal(answer.match(/ {2}error {2}/g)?.length, 1, answer);
      assert.match(answer, /^shop\.yaml:\d+:\d+ /);
    });
  }
  test('and each typo that has a neighbour is told its name', async () => {
    for (const mistake of typos.filter(
      ({ what }) => /letter|misspelt|underscore/.test(what) && !what.includes('variable'),
    )) {
      assert.match(await answerTo(mistake), /did you mean/, mistake.what);
    }
  });
});
