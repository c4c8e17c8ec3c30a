/**
 * The statement behind the rows events that follow.
 *
 *   ROWS_QUERY (29), MySQL:      length u1, cut off at 255 and so of no use | text to the end
 *   ANNOTATE_ROWS (160), MariaDB:                                             text to the end
 *
 * MySQL libs/mysql/binlog/event/rows_event.h (Rows_query_event), MariaDB sql/log_event.h (Annotate_rows_log_event).
 */

import { bodyReader, type EventFrame } from '../event-frame.ts';

export interface StatementText {
  /** Read as UTF-8; the server logs it in the client's charset. */
  readonly text: string;
}

export const decodeRowsQuery = (frame: EventFrame): StatementText => {
  const r = bodyReader(frame);
  r.skip(1);
  return { text: r.utf8(r.left) };
};

export const decodeAnnotateRows = (frame: EventFrame): StatementText => {
  const r = bodyReader(frame);
  return { text: r.utf8(r.left) };
};
