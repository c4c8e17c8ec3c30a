import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayRowImages } from './array-row-images.ts';
import { plainColumn } from './plain-column.ts';
import { type Column, type ColumnType, defineTable } from './table.ts';
import type { Row, Value } from './value.ts';
import { ValueCollector } from './value-collector.ts';

const text = { fixed: false, maxBytes: 255, charset: 'utf8mb4', collation: null };
const members = ['a', 'b', ...Array.from({ length: 60 }, (_, i) => `m${i}`), 'y', 'z'];

/** Every kind of column with its boundaries, as canonical values. */
const samples: readonly (readonly [ColumnType, readonly Value[]])[] = [
  [{ kind: 'integer', bits: 64, unsigned: false }, [0, -1, 2 ** 53 - 1, -(2n ** 63n), 2n ** 63n - 1n]],
  [{ kind: 'integer', bits: 64, unsigned: true }, [0, 2n ** 64n - 1n]],
  [{ kind: 'decimal', precision: 10, scale: 4, unsigned: false }, ['-0.0500', '123456.7890']],
  [{ kind: 'float', unsigned: false }, [Math.fround(1.1), -0]],
  [{ kind: 'double', unsigned: false }, [1.1, 1e308]],
  [{ kind: 'bit', length: 64 }, [1, 2n ** 64n - 1n]],
  [{ kind: 'year' }, [0, 1901, 2155]],
  [{ kind: 'date' }, ['2024-02-29', '0000-00-00', '9999-12-31', '2016-00-28']],
  [{ kind: 'time', fsp: 6 }, ['-838:59:59.000000', '838:59:59.000000', '-00:00:00.000001', '12:34:56.789012']],
  [{ kind: 'time', fsp: 0 }, ['00:00:00', '-100:00:01']],
  [{ kind: 'datetime', fsp: 3 }, ['2024-02-29 23:59:59.999', '0000-00-00 00:00:00.000']],
  [{ kind: 'datetime', fsp: 0 }, ['0003-00-00 10:00:00']],
  [{ kind: 'timestamp', fsp: 2 }, ['1970-01-01 00:00:01.50', '2038-01-19 03:14:07.99', '0000-00-00 00:00:00.00']],
  [{ kind: 'text', ...text }, ['', 'ä€😀', 'a\0b']],
  [{ kind: 'uuid' }, ['6ccd780c-baba-1026-9564-5b8c656024db']],
  [{ kind: 'inet6' }, ['2001:db8::1']],
  [{ kind: 'binary', fixed: false, maxBytes: 255 }, [new Uint8Array(), new Uint8Array([0, 255])]],
  [{ kind: 'enum', values: ['small', 'big'], charset: 'utf8mb4' }, ['small', 'big', '']],
  [{ kind: 'set', values: members, charset: 'utf8mb4' }, ['', 'a', 'a,b,z', 'y,z', members.join(',')]],
  [{ kind: 'json' }, ['{"a": [1, "ä"]}']],
  [{ kind: 'geometry', shape: 1 }, [new Uint8Array(25)]],
  [{ kind: 'vector', dimensions: 1 }, [new Uint8Array([0, 0, 128, 63])]],
];

for (const [type, values] of samples) {
  test(`writes ${type.kind} values so that they read back the same`, () => {
    const column: Column = plainColumn('c', type);
    const table = defineTable({
      database: 'd',
      name: 't',
      columns: [column],
      primaryKey: [],
      uniqueKeys: [],
      charset: null,
      comment: null,
    });
    const rows: Row[] = [...values, null, undefined].map((value) => [value]);
    const images = new ArrayRowImages(table, { before: null, after: rows });
    for (const [i, row] of rows.entries()) {
      const collector = new ValueCollector(table);
      images.write(i, 'after', collector);
      assert.deepEqual(collector.row, row);
      assert.equal(images.has(i, 'after', 0), row[0] !== undefined);
    }
    assert.equal(images.before(0), null);
  });
}
