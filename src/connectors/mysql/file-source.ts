import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Batch, Lane, Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Context, Source } from '../../core/connector.ts';
import { MillraceError } from '../../core/errors.ts';
import { emptySchema } from '../../protocol/mysql/ddl/schema.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeFormatDescription } from '../../protocol/mysql/events/format-description.ts';
import type { Flavor } from '../../protocol/mysql/flavor.ts';
import { builtinCollations } from '../../protocol/mysql/values/collations.ts';
import { type BinlogPosition, decodeBinlogPosition, fileNumber, parseGtids } from './binlog-position.ts';
import type { MysqlConfig } from './config.ts';
import { FileFeed, findBinlogFiles, identityOfFiles } from './file-feed.ts';
import { FollowedFiles } from './followed-files.ts';
import { lanesOf } from './lanes.ts';
import type { LogFeed } from './log-feed.ts';
import { logCovers, logHolds } from './position-order.ts';
import { ReadLoop } from './read-loop.ts';
import { skipBefore } from './startup.ts';
import { decodeSchema, TableCatalogue } from './table-catalogue.ts';
import { selectsTable } from './table-selection.ts';
import { TransactionReader, type TransactionReaderOptions } from './transaction-reader.ts';

/** Reads archived binlog files, to their end or as they grow: what a server would have sent, without the server. */
export class BinlogFileSource implements Source {
  readonly #config: MysqlConfig;
  readonly #context: Context;

  constructor(config: MysqlConfig, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  covers(held: Position, at: Position): boolean {
    return logCovers(held, at);
  }

  holds(held: Position, change: Change): boolean {
    return logHolds(held, change);
  }

  async *read(
    held: (lane: Lane) => Promise<Position | null>,
    signal: AbortSignal,
  ): AsyncGenerator<Batch, void, undefined> {
    const config = this.#config;
    const lanes = lanesOf(config.name);
    const heldLog = await held(lanes.log);
    const heldSchema = await held(lanes.schema);
    const paths = config['binlog.files'] ?? [];
    const follows = config['binlog.files.follow'];
    const files = await findBinlogFiles(paths, { growing: follows });
    const flavor = await flavorOf(files);
    const catalogue = new TableCatalogue({
      captures: selectsTable(config),
      watermarkTable: null,
      collations: builtinCollations(flavor),
      schema: heldSchema === null ? emptySchema({ flavor }) : decodeSchema(heldSchema),
      assumed: null,
      log: this.#context.log,
    });
    const start =
      heldLog === null ? await this.#firstPlace(files, flavor) : resume(decodeBinlogPosition(heldLog), files);
    const feed = follows
      ? new FollowedFiles({
          list: () => findBinlogFiles(paths, { growing: true }),
          first: start.files.length > 0 ? basename(start.files[0]!) : start.position.file,
          clock: this.#context.clock,
          heartbeatMs: config['heartbeat.interval'],
        })
      : new FileFeed(start.files, paths);
    if (signal.aborted) feed.close();
    else signal.addEventListener('abort', () => feed.close(), { once: true });
    const reader = new TransactionReader({
      start: start.position,
      gtids: start.position.gtids === null ? null : parseGtids(flavor, start.position.gtids),
      flavor,
      address: identityOfFiles(files),
      hasGtids: true,
      catalogue,
      partBytes: config['scan.transaction.max.size'],
      skipOwnWrites: config['skip.own.writes'],
      skip: start.skip,
    });
    const loop = new ReadLoop({
      feed: named(feed, reader),
      reader,
      catalogue,
      snapshots: null,
      lanes,
      clock: this.#context.clock,
      heartbeatMs: config['heartbeat.interval'],
      untilSnapshotsEnd: false,
    });
    try {
      yield* loop.run(signal);
      if (reader.insideGroup && !signal.aborted) {
        throw new MillraceError('MYSQL_BINLOG_FILES', {
          path: files.at(-1) ?? '',
          reason: 'it ends inside a transaction',
        });
      }
    } finally {
      feed.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #firstPlace(files: readonly string[], flavor: Flavor): Promise<FileStart> {
    const config = this.#config;
    const mode = config['scan.startup.mode'];
    const name = config['scan.startup.specific-offset.file'];
    const first =
      mode === 'specific-offset' && name !== undefined ? files.findIndex((path) => basename(path) === name) : 0;
    if (first < 0) throw new MillraceError('MYSQL_POSITION', { position: name ?? '', reason: 'there is no such file' });
    const used = mode === 'latest-offset' ? files.slice(-1) : files.slice(first);
    const file = basename(used[0]!);
    const position: BinlogPosition = {
      flavor,
      server: identityOfFiles(files),
      epoch: 0,
      file,
      offset: 4,
      fileTime: 0,
      step: 0,
      gtids: null,
      prepared: [],
    };
    const millis = config['scan.startup.timestamp-millis'];
    if (mode === 'timestamp' && millis !== undefined) return { files: used, position, skip: skipBefore(millis) };
    // Where nothing is waited for, the last file is what `latest-offset` can mean.
    const isLatest = mode === 'latest-offset' && config['binlog.files.follow'];
    const offset = isLatest ? (await stat(used[0]!)).size : (config['scan.startup.specific-offset.pos'] ?? 4);
    const skips = (isLatest || mode === 'specific-offset') && offset > 4;
    return { files: used, position, skip: skips ? (group) => group.file === file && group.offset < offset : null };
  }
}

interface FileStart {
  readonly files: readonly string[];
  readonly position: BinlogPosition;
  readonly skip: TransactionReaderOptions['skip'];
}

/** Files are read from their beginning; what is held of the first one is left out. */
const resume = (held: BinlogPosition, files: readonly string[]): FileStart => {
  const oldest = held.prepared
    .filter(({ empty }) => !empty)
    .reduce((file, place) => (fileNumber(place.file) < fileNumber(file) ? place.file : file), held.file);
  const first = files.findIndex((path) => basename(path) === oldest);
  // The last file may have named one that is not archived yet.
  const isAhead = first < 0 && fileNumber(oldest) > fileNumber(basename(files.at(-1) ?? ''));
  if (isAhead) return { files: [], position: held, skip: null };
  if (first < 0) {
    const wanted = `${oldest}:${held.offset}`;
    throw new MillraceError('MYSQL_BINLOG_PURGED', { wanted, oldest: basename(files[0] ?? 'nothing') });
  }
  const prepared = new Set(held.prepared.map(({ file, offset }) => `${file}:${offset}`));
  return {
    files: files.slice(first),
    position: held,
    skip: (group) =>
      (fileNumber(group.file) < fileNumber(held.file) || (group.file === held.file && group.offset < held.offset)) &&
      !prepared.has(`${group.file}:${group.offset}`),
  };
};

/** Tells the reader whenever another file begins: an archived file does not name itself. */
const named = (feed: LogFeed & { readonly file: string }, reader: TransactionReader) => {
  let current = '';
  return {
    read: () => feed.read(),
    push: (chunk: Buffer, onEvent: Parameters<LogFeed['push']>[1]): void => {
      if (feed.file !== current) {
        current = feed.file;
        reader.beginFile(current);
      }
      feed.push(chunk, onEvent);
    },
    close: () => feed.close(),
  };
};

const flavorOf = async (files: readonly string[]): Promise<Flavor> => {
  const feed = new FileFeed(files.slice(0, 1));
  let flavor: Flavor = 'mysql';
  try {
    const chunk = await feed.read();
    if (chunk !== null) {
      feed.push(chunk, (frame) => {
        if (frame.type === eventType.FORMAT_DESCRIPTION) flavor = decodeFormatDescription(frame).flavor;
      });
    }
  } finally {
    feed.close();
  }
  return flavor;
};
