import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { deviations } from '../deviations.ts';
import { readCorpus } from '../testdata/corpus.ts';
import verdicts from '../testdata/verdicts.json' with { type: 'json' };
import { withoutSpans } from '../testdata/without-spans.ts';
import { statementText } from '../unparse/statement.ts';
import { parseScript } from './script.ts';

const accepts = (statement: string): boolean => {
  try {
    return parseScript(statement).length > 0;
  } catch (error) {
    if (isMillraceError(error) && error.code.startsWith('SQL_')) return false;
    throw error;
  }
};

test('the recording holds the verdict on every statement of the corpus, and there are at least 500', () => {
  assert.deepEqual(
    verdicts.verdicts.map(({ statement }) => statement),
    readCorpus(),
  );
  assert.ok(verdicts.verdicts.length >= 500);
});

test("takes and refuses what Flink 1.20.3's parser takes and refuses, but for the listed deviations", () => {
  const listed = new Map(deviations.map((deviation) => [deviation.statement, deviation.accepted]));
  const found = new Map<string, boolean>();
  for (const { statement, flink } of verdicts.verdicts) {
    const accepted = accepts(statement);
    if (accepted !== (flink === 'accept')) found.set(statement, accepted);
  }
  assert.deepEqual(found, listed);
});

test('writes every statement of the corpus so that it reads back as the same tree', () => {
  for (const statement of readCorpus()) {
    if (!accepts(statement)) continue;
    const tree = parseScript(statement);
    const text = tree.map((one) => `${statementText(one)};`).join('\n');
    assert.deepEqual(withoutSpans(parseScript(text)), withoutSpans(tree), text);
    assert.equal(
      parseScript(text)
        .map((one) => `${statementText(one)};`)
        .join('\n'),
      text,
    );
  }
});
