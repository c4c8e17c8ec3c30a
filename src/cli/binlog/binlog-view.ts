import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType, eventTypeName } from '../../protocol/mysql/event-type.ts';
import { decodeFormatDescription } from '../../protocol/mysql/events/format-description.ts';
import { PartialRows } from '../../protocol/mysql/events/partial-row-data.ts';
import { isRowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import type { TableMap } from '../../protocol/mysql/events/table-map.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { describeEvent, type EventDescription } from './describe-event.ts';
import { type LoggedRows, LogTables } from './log-tables.ts';
import type { LoggedEvent } from './logged-event.ts';

/** An event with everything that the log says about it. */
export interface ViewedEvent extends LoggedEvent, EventDescription {
  /** `WRITE_ROWS`, `GTID`. */
  readonly type: string;
  readonly map: TableMap | null;
  readonly rows: LoggedRows | null;
}

/** Follows a log event by event: which server wrote it, which tables its rows belong to. */
export class BinlogView {
  readonly #tables = new LogTables();
  readonly #pieces = new PartialRows();
  #flavor: Flavor = 'mysql';

  view(event: LoggedEvent): ViewedEvent {
    const { frame } = event;
    const type = eventTypeName(frame.type);
    if (frame.type === eventType.FORMAT_DESCRIPTION) {
      this.#flavor = decodeFormatDescription(frame).flavor;
      this.#tables.clear();
    }
    if (frame.type === eventType.TABLE_MAP) {
      const map = this.#tables.add(frame, this.#flavor);
      const fields = { table_id: map.tableId, table: `${map.database}.${map.name}`, columns: map.columnCount };
      return { ...event, type, fields, statement: null, map, rows: null };
    }
    const whole = frame.type === eventType.PARTIAL_ROW_DATA ? this.#pieces.add(frame) : frame;
    if (whole && isRowsEvent(whole.type)) return { ...event, type, ...this.#viewRows(whole) };
    return { ...event, type, ...describeEvent(frame), map: null, rows: null };
  }

  #viewRows(frame: EventFrame): Pick<ViewedEvent, 'fields' | 'statement' | 'map' | 'rows'> {
    const rows = this.#tables.read(frame, this.#flavor);
    const { map, event } = rows;
    const fields = {
      table_id: event.tableId,
      table: map ? `${map.database}.${map.name}` : null,
      op: event.op,
      rows: rows.rows?.images.length ?? null,
    };
    return { fields, statement: null, map, rows };
  }
}
