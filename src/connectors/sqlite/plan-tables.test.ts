import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { silent } from '../../testing/pipeline-rig.ts';
import { bigint, column, eventsTable, ordersTable, table, varchar } from '../../testing/sample-tables.ts';
import { MirrorSchema } from './mirror-schema.ts';
import { planSqliteTables } from './plan-tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-sqlite-plan-'));
after(() => rmSync(folder, { recursive: true }));

test('a plan makes no file', () => {
  const path = join(folder, 'none.db');
  const [orders, events] = planSqliteTables(path, silent, [ordersTable, eventsTable]);
  assert.deepEqual(orders, [
    'CREATE TABLE "shop.orders" ("id" INTEGER PRIMARY KEY, "status" TEXT, "total" INTEGER) STRICT',
  ]);
  assert.equal(events!.length, 2, 'rows without a key are looked up by an index');
  assert.ok(!existsSync(path));
});

test('a plan begins with what the file has, and changes nothing in it', () => {
  const path = join(folder, 'shop.db');
  {
    using db = new DatabaseSync(path);
    db.exec(`CREATE TABLE own (a, b AS (a + 1)); CREATE VIEW "shop.events" AS SELECT * FROM own;
             CREATE VIRTUAL TABLE words USING fts5(word)`);
    new MirrorSchema(db, silent).mirrorOf(ordersTable);
  }
  const bytes = readFileSync(path);
  const [id, status, total] = ordersTable.columns;
  const wider = table('orders', [id!, status!, total!, column('note', varchar)], [0]);
  const rekeyed = table('orders', [id!, status!, column('total', bigint, { nullable: false })], [2]);
  assert.deepEqual(planSqliteTables(path, silent, [ordersTable]), [[]]);
  assert.match(planSqliteTables(path, silent, [wider])[0]!.join(), /^ALTER TABLE "shop.orders" ADD COLUMN "note" TEXT/);
  assert.match(planSqliteTables(path, silent, [rekeyed])[0]!.join(), /INSERT OR REPLACE .*DROP TABLE "shop.orders"/s);
  assert.match(planSqliteTables(path, silent, [eventsTable])[0]![0]!, /^CREATE TABLE "shop.events~2"/);
  assert.ok(bytes.equals(readFileSync(path)));
});
