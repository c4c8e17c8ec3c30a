import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../core/errors.ts';
import { errorText } from './error-text.ts';

const plain = (_: unknown, text: string): string => text;

test('what the system said is told once', () => {
  const nobody = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });
  const details = { url: 'http://127.0.0.1:1', reason: 'ECONNREFUSED' };
  const text = errorText(new MillraceError('API_UNREACHABLE', details, { cause: nobody }), plain as never);
  assert.equal(text.split('ECONNREFUSED').length, 2, text);
});

test('a cause that the message does not name is told', () => {
  const details = { url: 'http://127.0.0.1:1', reason: 'it hung up' };
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  const text = errorText(new MillraceError('API_UNREACHABLE', details, { cause }), plain as never);
  assert.match(text, /caused by: read ECONNRESET/);
});
