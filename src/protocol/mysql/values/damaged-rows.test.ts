import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { isMillraceError } from '../../../core/errors.ts';
import type { Table } from '../../../core/table.ts';
import { captured } from '../../../testing/captured-rows.ts';
import {
  bytesOf,
  createEvent,
  encodeImage,
  mapOf,
  randomEvent,
  type Spec,
  tableOf,
} from '../../../testing/random-rows.ts';
import { writtenRow } from '../../../testing/written-row.ts';
import { columnType } from '../column-type.ts';
import type { RowsEvent } from '../events/rows-event.ts';
import type { TableMap } from '../events/table-map.ts';
import { rowReader } from './binlog-row-images.ts';
import { builtinCollations } from './collations.ts';
import { tableFromMap } from './table-definition.ts';

const collations = { mysql: builtinCollations('mysql'), mariadb: builtinCollations('mariadb') };

/** Rows, or an error that says what is wrong; nothing else, and the same compiled and interpreted. */
const readOrRefuse = (table: Table, map: TableMap, event: RowsEvent): string => {
  const outcomes = [true, false].map((compile) => {
    try {
      const images = rowReader(table, map, collations.mysql, { compile }).images(event);
      for (let i = 0; i < images.length; i += 1) {
        images.before(i);
        images.after(i);
        for (const side of ['before', 'after'] as const) {
          writtenRow(table, images, i, side);
        }
      }
      return 'rows';
    } catch (error) {
      assert.ok(isMillraceError(error), `${error}`);
      assert.match(error.code, /^VALUES_(ROWS|VALUE)_DAMAGED$|^VALUES_JSON_BASE_MISSING$/);
      return `${error.code} ${error.message}`;
    }
  });
  assert.equal(outcomes[0], outcomes[1]);
  return outcomes[0]!;
};

test('rows cut off anywhere are refused, or end where a row ends', () => {
  fc.assert(
    fc.property(randomEvent, fc.nat(), ({ specs, event }, cut) => {
      const end = event.start + (cut % (event.end - event.start));
      const outcome = readOrRefuse(tableOf(specs), mapOf(specs), {
        ...event,
        end,
        bytes: event.bytes.subarray(0, end),
      });
      assert.match(outcome, /^rows$|^VALUES_ROWS_DAMAGED/);
    }),
    { numRuns: 300 },
  );
});

test('rows with flipped bits are read as other values or refused with a typed error', () => {
  fc.assert(
    fc.property(randomEvent, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), ({ specs, event }, flips) => {
      const bytes = Buffer.from(event.bytes);
      for (const flip of flips) {
        const at = event.start + (flip % (event.end - event.start));
        bytes[at] = bytes[at]! ^ (1 << (flip % 8));
      }
      readOrRefuse(tableOf(specs), mapOf(specs), { ...event, bytes });
    }),
    { numRuns: 500 },
  );
});

test('captured events survive each truncation and random bit flips with typed errors', () => {
  for (const { flavor, map, event } of captured()) {
    if (flavor === 'mariadb') continue;
    const table = tableFromMap(map, collations.mysql, null);
    for (let end = event.start; end < event.end; end += 1) {
      readOrRefuse(table, map, { ...event, end, bytes: event.bytes.subarray(0, end) });
    }
    for (let at = event.start; at < event.end; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bytes = Buffer.from(event.bytes);
        bytes[at] = bytes[at]! ^ (1 << bit);
        readOrRefuse(table, map, { ...event, bytes });
      }
    }
  }
});

test('an error names the table, the row and the column', () => {
  const one: Spec = {
    wire: columnType.STRING,
    meta: columnType.ENUM | (1 << 8),
    values: ['a'],
    value: bytesOf(1),
    lengthBytes: 0,
  };
  const images = rowReader(tableOf([one]), mapOf([one]), collations.mysql).images(createEvent(Buffer.of(0, 9)));
  assert.throws(() => images.after(0), {
    code: 'VALUES_VALUE_DAMAGED',
    details: { table: 'd.t', column: 'c0', reason: 'an ENUM of 1 values has a higher ordinal' },
  });
  assert.throws(
    () => rowReader(tableOf([one]), mapOf([one]), collations.mysql).images(createEvent(Buffer.of(0, 1, 0))),
    {
      code: 'VALUES_ROWS_DAMAGED',
      details: { table: 'd.t', row: 1, reason: 'it does not end where the event ends' },
    },
  );
});

test('a compressed value that would inflate to more than it states or than its column holds is refused', () => {
  const one: Spec = {
    wire: columnType.VARCHAR_COMPRESSED,
    meta: 1001,
    collation: 255,
    value: bytesOf(1),
    lengthBytes: 2,
  };
  const read = (value: Buffer): string =>
    readOrRefuse(tableOf([one]), mapOf([one]), createEvent(encodeImage([one], [value], 0)));
  const bomb = deflateRawSync(Buffer.alloc(900_000));
  assert.match(read(Buffer.concat([Buffer.of(0x8a, 0, 100), bomb])), /do not inflate/);
  assert.match(read(Buffer.concat([Buffer.of(0x8b, 0x0d, 0xbb, 0xa0), bomb])), /more than the column can hold/);
  assert.match(read(Buffer.of(0x99, 5, 1, 2, 3)), /unknown way/);
});

test('table maps with damaged types, meta bytes or names give a table or a typed error', () => {
  fc.assert(
    fc.property(
      randomEvent,
      fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(65_535), fc.boolean()), { minLength: 1, maxLength: 3 }),
      ({ specs, event }, changes) => {
        const map = mapOf(specs);
        const known = tableOf(specs);
        for (const [place, type, meta, whole] of changes) {
          if (whole) map.types[place % specs.length] = type;
          map.meta[place % specs.length] = meta;
        }
        for (const definition of [null, known]) {
          let table: Table;
          try {
            table = tableFromMap(map, collations.mysql, definition);
          } catch (error) {
            assert.ok(
              isMillraceError(error) && error.code.startsWith('VALUES_'),
              `${error instanceof Error ? error.stack : error}`,
            );
            continue;
          }
          readOrRefuse(table, map, event);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
