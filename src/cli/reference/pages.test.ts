import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { errorCodes, errorPage } from '../error-page.ts';
import { answerTo, typos, wrongValues } from './mistakes-page.ts';
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

describe('each mistake of docs/config-mistakes.md', () => {
  for (const mistake of [...typos, ...wrongValues]) {
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
