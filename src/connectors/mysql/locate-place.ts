import { MillraceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import type { GroupStart } from './binlog-origin.ts';
import { type BinlogPosition, decodeBinlogPosition } from './binlog-position.ts';
import type { LogFeed } from './log-feed.ts';
import type { ServerFacts } from './server-facts.ts';
import type { StartPlace } from './startup.ts';
import { TableCatalogue } from './table-catalogue.ts';
import { TransactionReader } from './transaction-reader.ts';

export interface PlaceSearch {
  readonly server: ServerFacts;
  /** The beginning of a file: its first events say what GTIDs stand before it. */
  readonly start: StartPlace;
  /** A dump from there that ends at the end of the log. */
  readonly feed: LogFeed;
  readonly log: Log;
}

/**
 * Reads the log, without its rows, up to the first transaction of which `reached` holds, and answers the place just before it: with the
 * GTIDs up to there, which a file and byte alone do not tell. The end of the log where there is no such transaction. Closes the feed.
 */
export const placeBefore = async (
  { server, start, feed, log }: PlaceSearch,
  reached: (group: GroupStart) => boolean,
): Promise<BinlogPosition> => {
  let found: BinlogPosition | null = null;
  const reader = new TransactionReader({
    start: start.position,
    gtids: start.gtids,
    flavor: server.flavor,
    address: server.address,
    hasGtids: server.hasGtids,
    catalogue: new TableCatalogue({
      captures: () => false,
      watermarkTable: null,
      collations: builtinCollations(server.flavor),
      schema: emptySchema({ flavor: server.flavor }),
      assumed: null,
      log,
    }),
    partBytes: Number.POSITIVE_INFINITY,
    skip: (group) => {
      if (found === null && reached(group)) found = decodeBinlogPosition(reader.heartbeat().position);
      return true;
    },
  });
  try {
    for (let chunk = await feed.read(); chunk !== null && found === null; chunk = await feed.read()) {
      feed.push(chunk, (frame) => {
        if (found === null) reader.event(frame);
      });
    }
  } finally {
    feed.close();
  }
  return found ?? decodeBinlogPosition(reader.heartbeat().position);
};

/** The same for a file and byte. Throws MYSQL_POSITION when no transaction begins there: the byte may be inside of one. */
export const placeAt = async (search: PlaceSearch, file: string, offset: number): Promise<BinlogPosition> => {
  let first: GroupStart | null = null;
  const place = await placeBefore(search, (group) => {
    if (group.file === file && group.offset < offset) return false;
    first = group;
    return true;
  });
  // 4 is the beginning of a file, before everything that is no transaction.
  if (offset === 4) return place;
  const next = first as GroupStart | null;
  const [nextFile, nextOffset] = next === null ? [place.file, place.offset] : [next.file, next.offset];
  if (nextFile === file && nextOffset === offset) return place;
  const reason = `no transaction begins there; the next one begins at ${nextFile}:${nextOffset}`;
  throw new MillraceError('MYSQL_POSITION', { position: `${file}:${offset}`, reason });
};
