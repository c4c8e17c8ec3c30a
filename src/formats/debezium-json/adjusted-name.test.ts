import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjustedFieldName, adjustedSchemaName } from './adjusted-name.ts';

test('names that are not adjusted stay as they are', () => {
  assert.equal(adjustedSchemaName('1p.odd-name.t', 'none'), '1p.odd-name.t');
  assert.equal(adjustedFieldName('we ird', 'none'), 'we ird');
});

test('with avro, other characters become underscores, and a first digit gets one before it', () => {
  assert.equal(adjustedSchemaName('1p.odd-name.t_1', 'avro'), '_1p.odd_name.t_1');
  assert.equal(adjustedFieldName('a.größe', 'avro'), 'a_gr__e');
});

test('with avro_unicode, each of them becomes its code behind _u, and so does the underscore', () => {
  assert.equal(adjustedSchemaName('1p.odd-name.t_1', 'avro_unicode'), '_u0031p.odd_u002dname.t_u005f1');
  assert.equal(adjustedFieldName('a.größe 日', 'avro_unicode'), 'a_u002egr_u00f6_u00dfe_u0020_u65e5');
});
