import { readFileSync } from 'node:fs';
import { emptyFrame, readHeader } from '../protocol/mysql/event-frame.ts';
import { eventType } from '../protocol/mysql/event-type.ts';
import { decodeRowsEvent, isRowsEvent, type RowsEvent } from '../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../protocol/mysql/events/table-map.ts';

export interface Sample {
  readonly server: string;
  readonly event: string;
  readonly hex: string;
}

const samples: Sample[] = readFileSync(
  new URL('../protocol/mysql/testdata/captured-events.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample);

/** Every captured rows event, with the table map that stands before it. */
export const captured = function* (): Iterable<{
  name: string;
  flavor: 'mysql' | 'mariadb';
  map: TableMap;
  event: RowsEvent;
}> {
  const maps = new Map<string, TableMap>();
  for (const sample of samples) {
    const bytes = Buffer.from(sample.hex, 'hex');
    const frame = emptyFrame();
    readHeader(frame, bytes, 0, bytes.length - 4);
    const flavor = sample.server.startsWith('MariaDB') ? 'mariadb' : 'mysql';
    if (frame.type === eventType.TABLE_MAP) {
      const map = decodeTableMap(frame, flavor);
      maps.set(`${flavor} ${map.tableId}`, map);
    } else if (isRowsEvent(frame.type)) {
      const event = decodeRowsEvent(frame);
      yield { name: sample.event, flavor, map: maps.get(`${flavor} ${event.tableId}`)!, event };
    }
  }
};
