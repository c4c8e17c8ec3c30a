import { isMillraceError } from '../../../core/errors.ts';
import type { RowImages } from '../../../core/row-images.ts';
import { type TextRowReader, TextRows } from '../../../protocol/mysql/values/text-rows.ts';
import type { ReadingSession } from './reading-session.ts';

/** Rows of one statement, as many as fit a size. */
export interface RowPiece {
  /** In order; each holds the rows of one chunk of the socket's. */
  readonly images: readonly RowImages[];
  readonly rows: number;
  readonly bytes: number;
  /** The statement has no more rows. */
  readonly last: boolean;
}

/**
 * Runs `sql` and yields its rows in pieces that end when they have reached `maxBytes`; at least one piece, the last possibly
 * empty. The socket is not read while a piece is being used, so the server waits.
 */
export async function* readPieces(
  session: ReadingSession,
  reader: TextRowReader,
  sql: string,
  maxBytes: number,
): AsyncGenerator<RowPiece> {
  const result = new TextRows(reader, { deprecateEof: false });
  let images: RowImages[] = [];
  let rows = 0;
  let bytes = 0;
  const collect = (some: RowImages): void => {
    images.push(some);
    rows += some.length;
    bytes += some.byteLength;
  };
  session.send(sql);
  while (!result.ended) {
    const chunk = await session.bytes();
    try {
      result.push(chunk, collect);
    } catch (error) {
      if (!isMillraceError(error, 'MYSQL_SERVER_ERROR')) throw error;
      throw session.failure(error.details.code, error.details.message, sql);
    }
    if (bytes < maxBytes && !result.ended) continue;
    yield { images, rows, bytes, last: result.ended };
    images = [];
    rows = 0;
    bytes = 0;
  }
}
