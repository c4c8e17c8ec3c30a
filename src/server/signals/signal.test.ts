import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isMillraceError } from '../../core/errors.ts';
import { readSignal } from './signal.ts';

describe('a signal', () => {
  const reads = (what: string, value: unknown, expected: unknown): void => {
    test(what, () => assert.deepEqual(readSignal(JSON.stringify(value), 7), expected));
  };

  reads(
    'to read tables, as Debezium writes it',
    {
      id: 'd139b9b7-7777-4547-917d-111111111111',
      type: 'execute-snapshot',
      data: { 'data-collections': ['shop.orders', 'shop\\.stock'], type: 'INCREMENTAL' },
    },
    { type: 'execute-snapshot', tables: ['shop.orders', 'shop.stock'] },
  );
  reads(
    'is incremental unless it says otherwise, and an empty list of conditions is none',
    { type: 'execute-snapshot', data: { 'data-collections': ['a.b'], 'additional-conditions': [] } },
    { type: 'execute-snapshot', tables: ['a.b'] },
  );
  reads(
    'to stop some tables',
    { type: 'stop-snapshot', data: { 'data-collections': ['a.b'], type: 'incremental' } },
    { type: 'stop-snapshot', tables: ['a.b'] },
  );
  reads(
    'to stop all',
    { type: 'stop-snapshot', data: { type: 'incremental' } },
    { type: 'stop-snapshot', tables: null },
  );
  reads('to pause, without data', { type: 'pause-snapshot' }, { type: 'pause-snapshot' });
  reads('to go on', { type: 'resume-snapshot', data: {} }, { type: 'resume-snapshot' });
  reads(
    'to be logged, with its offset filled in',
    { type: 'log', data: { message: 'signal at {}' } },
    { type: 'log', message: 'signal at 7' },
  );
});

describe('what is no signal is refused with its offset', () => {
  const refuses = (what: string, value: string | null, reason: RegExp): void => {
    test(what, () => {
      assert.throws(
        () => readSignal(value, 7),
        (error) =>
          isMillraceError(error, 'SIGNAL_REFUSED') && error.details.offset === 7 && reason.test(error.details.reason),
      );
    });
  };
  const collections = (more: object): string =>
    JSON.stringify({ type: 'execute-snapshot', data: { 'data-collections': ['a.b'], ...more } });

  refuses('a tombstone', null, /no value/);
  refuses('an empty value', '', /no JSON object/);
  refuses('half of one', '{"type":"execute-snap', /no JSON object/);
  refuses('a list', '[]', /no JSON object/);
  refuses('null', 'null', /no JSON object/);
  refuses('one without a type', '{}', /no type/);
  refuses('an unknown type', '{"type":"schema-changes","data":{}}', /"schema-changes"; known are execute-snapshot/);
  refuses('data that is text', '{"type":"log","data":"hello"}', /no object/);
  refuses('nothing to log', '{"type":"log"}', /no message/);
  refuses('a snapshot of nothing', '{"type":"execute-snapshot","data":{"data-collections":[]}}', /names no tables/);
  refuses('tables that are numbers', '{"type":"stop-snapshot","data":{"data-collections":[1]}}', /no list of tables/);
  refuses('a table with an empty name', '{"type":"stop-snapshot","data":{"data-collections":[" "]}}', /no list of/);
  refuses('a blocking snapshot', collections({ type: 'BLOCKING' }), /incremental/);
  refuses('a kind that is no text', collections({ type: 1 }), /incremental/);
  // A wrong condition would fail the snapshot, and the pipeline with it.
  refuses('conditions', collections({ 'additional-conditions': [{ filter: 'a=1' }] }), /millrace snapshot --where/);
  refuses('the condition of older versions', collections({ 'additional-condition': 'a=1' }), /--where/);
});
