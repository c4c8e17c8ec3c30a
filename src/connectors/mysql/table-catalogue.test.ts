import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import { silent } from '../../testing/pipeline-rig.ts';
import { mapOf } from '../../testing/random-rows.ts';
import { TableCatalogue } from './table-catalogue.ts';

test('rows whose columns neither the log nor a definition names are not read under guessed names', () => {
  const catalogue = new TableCatalogue({
    captures: () => true,
    watermarkTable: null,
    collations: builtinCollations('mysql'),
    schema: emptySchema({ flavor: 'mysql' }),
    assumed: null,
    log: silent,
  });
  const map = mapOf([{ wire: 3, meta: 0 } as Parameters<typeof mapOf>[0][number]]);
  const at = { file: 'binlog.000002', offset: 157 };
  assert.throws(
    () => catalogue.reader({ ...map, names: null }, at),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'MYSQL_SCHEMA_UNKNOWN');
      assert.match(error.message, /^rows of d\.t at binlog\.000002:157 /);
      return true;
    },
  );
  assert.deepEqual([...catalogue.captured().keys()], []);
  catalogue.reader(map, at);
  assert.deepEqual([...catalogue.captured().keys()], ['d.t']);
});
