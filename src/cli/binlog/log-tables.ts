import { MillraceError } from '../../core/errors.ts';
import type { RowImages } from '../../core/row-images.ts';
import type { Table } from '../../core/table.ts';
import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { decodeRowsEvent, type RowsEvent } from '../../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../../protocol/mysql/events/table-map.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { type RowReader, rowReader } from '../../protocol/mysql/values/binlog-row-images.ts';
import { builtinCollations, type Collations } from '../../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../../protocol/mysql/values/table-definition.ts';

/** The rows of one event, as far as the log alone can tell what they are. */
export interface LoggedRows {
  readonly event: RowsEvent;
  /** Null: no table map came before (reading began in the middle of a transaction). */
  readonly map: TableMap | null;
  /** Null: the log does not say enough to read them, for the reason given. */
  readonly rows: { readonly table: Table; readonly images: RowImages } | null;
  readonly reason: string | null;
}

/** The tables that a log's own table maps describe, without any server to ask. */
export class LogTables {
  readonly #maps = new Map<number, { readonly map: TableMap; reader: RowReader | MillraceError | null }>();
  readonly #collations = new Map<Flavor, Collations>();

  /** Table ids begin anew with every file. */
  clear(): void {
    this.#maps.clear();
  }

  add(frame: EventFrame, flavor: Flavor): TableMap {
    const map = decodeTableMap(frame, flavor);
    this.#maps.set(map.tableId, { map, reader: null });
    return map;
  }

  read(frame: EventFrame, flavor: Flavor): LoggedRows {
    const event = decodeRowsEvent(frame);
    const known = this.#maps.get(event.tableId);
    if (!known) return { event, map: null, rows: null, reason: 'its TABLE_MAP came before what was read' };
    try {
      known.reader ??= this.#readerFor(known.map, flavor);
      if (known.reader instanceof MillraceError) throw known.reader;
      const { reader } = known;
      return { event, map: known.map, rows: { table: reader.table, images: reader.images(event) }, reason: null };
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      known.reader ??= error;
      return { event, map: known.map, rows: null, reason: error.message };
    }
  }

  #readerFor(map: TableMap, flavor: Flavor): RowReader {
    let collations = this.#collations.get(flavor);
    if (!collations) {
      collations = builtinCollations(flavor);
      this.#collations.set(flavor, collations);
    }
    const described = withPlaceholders(map);
    return rowReader(tableFromMap(described, collations, null), described, collations);
  }
}

/** utf8mb4_general_ci in every server. */
const UTF8MB4 = 45;

/** Names, members and charsets that the server did not log (binlog_row_metadata other than FULL), replaced by what can be told. */
const withPlaceholders = (map: TableMap): TableMap => ({
  ...map,
  names: map.names ?? Array.from({ length: map.columnCount }, (_, column) => `@${column + 1}`),
  collations: map.collations ?? Array.from({ length: map.columnCount }, () => UTF8MB4),
  enumValues: map.enumValues ?? Array.from({ length: map.columnCount }, () => enumNumbers()),
  setValues: map.setValues ?? Array.from({ length: map.columnCount }, () => setNumbers),
});

const setNumbers: readonly string[] = Array.from({ length: 64 }, (_, member) => `#${member + 1}`);
let enumNumberList: readonly string[] | null = null;
const enumNumbers = (): readonly string[] => {
  enumNumberList ??= Array.from({ length: 65_535 }, (_, member) => `#${member + 1}`);
  return enumNumberList;
};
