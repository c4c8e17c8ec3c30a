import { test } from 'node:test';
import { assertLikeSqlite } from '../../testing/like-sqlite.ts';
import { basicShapes, multisetShapes } from '../../testing/query-shapes.ts';

for (const shape of [...basicShapes, ...multisetShapes]) {
  test(`at every tick, as SQLite says: ${typeof shape === 'string' ? shape : shape[0]}`, () => assertLikeSqlite(shape));
}
