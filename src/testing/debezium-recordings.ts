/** What real Debezium connectors wrote, the binlog they read, and what ours make of it: src/formats/debezium-json/testdata/README.md. */
import { readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import type { Change, MysqlOrigin } from '../core/change.ts';
import type { Table } from '../core/table.ts';
import { DebeziumJsonEncoder, type RowsExtras } from '../formats/debezium-json/encoder.ts';
import type { DebeziumOptions } from '../formats/debezium-json/options.ts';
import { transactionSchemas } from '../formats/debezium-json/schema-part.ts';
import { transactionKey, transactionMark } from '../formats/debezium-json/transaction.ts';
import { OutputBuffer } from '../formats/output-buffer.ts';
import { TransactionOrder } from '../formats/transaction-order.ts';
import { applyDdl } from '../protocol/mysql/ddl/apply-ddl.ts';
import { readDdl } from '../protocol/mysql/ddl/read-ddl.ts';
import { emptySchema, findTable, type Schema } from '../protocol/mysql/ddl/schema.ts';
import type { EventFrame } from '../protocol/mysql/event-frame.ts';
import { eventType } from '../protocol/mysql/event-type.ts';
import { decodeGtid } from '../protocol/mysql/events/gtid.ts';
import { decodeQuery } from '../protocol/mysql/events/query.ts';
import { decodeRowsEvent, isRowsEvent } from '../protocol/mysql/events/rows-event.ts';
import { decodeTableMap, type TableMap } from '../protocol/mysql/events/table-map.ts';
import { FileFramer } from '../protocol/mysql/file-framer.ts';
import { rowReader } from '../protocol/mysql/values/binlog-row-images.ts';
import { builtinCollations } from '../protocol/mysql/values/collations.ts';
import { tableFromMap } from '../protocol/mysql/values/table-definition.ts';

export const testdata = (name: string): Buffer => {
  const bytes = readFileSync(new URL(`../formats/debezium-json/testdata/${name}`, import.meta.url));
  return name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes;
};

export interface Message {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly timestamp?: number;
}

export const recorded = (file: string): readonly Message[] =>
  testdata(file)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);

/** The tables as they stood when the recorded binlog began. */
export const tablesAtStart = (): Schema => {
  const statements = ['setup.sql', 'outbox-setup.sql'].flatMap((file) => testdata(file).toString().split(/;\n/));
  return statements
    .flatMap((sql) => readDdl(sql, { flavor: 'mysql', database: 'golden', sqlMode: '' }))
    .reduce((schema, effect) => applyDdl(schema, effect).schema, emptySchema({ flavor: 'mysql' }));
};

/** Walks a recorded binlog and hands out its changes as the MySQL source would make them. */
export const replay = (
  binlog: Buffer,
  take: (change: Change, transaction: { readonly id: string; readonly end: boolean }) => void,
): void => {
  const collations = builtinCollations('mysql');
  let schema = tablesAtStart();
  let gtid = '';
  let commitMicros = 0;
  let thread: number | null = null;
  let query: string | null = null;
  const maps = new Map<number, { readonly map: TableMap; readonly table: Table }>();
  const origin = (frame: EventFrame): MysqlOrigin => ({
    kind: 'mysql',
    flavor: 'mysql',
    serverId: frame.serverId,
    gtid,
    file: 'binlog.000002',
    offset: frame.logPos - frame.size,
    commitMicros,
    thread,
    query,
  });
  const follow = (frame: EventFrame): void => {
    const { sql, database, variables, thread: runner } = decodeQuery(frame);
    if (sql === 'BEGIN') {
      thread = runner;
      return;
    }
    for (const effect of readDdl(sql, { flavor: 'mysql', database, sqlMode: variables.sqlMode ?? 0 })) {
      if (effect.kind === 'truncate-table') {
        const { table } = findTable(schema, effect.table)!;
        take({ kind: 'truncate', table, origin: origin(frame) }, { id: gtid, end: false });
      }
      const outcome = applyDdl(schema, effect);
      schema = outcome.schema;
      for (const change of outcome.changes) {
        take({ kind: 'schema', ...change, statement: sql, origin: origin(frame) }, { id: gtid, end: false });
      }
    }
  };
  new FileFramer().push(binlog, (frame) => {
    if (frame.type === eventType.GTID) {
      const decoded = decodeGtid(frame);
      gtid = `${decoded.uuid}:${decoded.gno}`;
      commitMicros = decoded.originalCommitMicros;
      thread = null;
    } else if (frame.type === eventType.QUERY) follow(frame);
    else if (frame.type === eventType.ROWS_QUERY) query = frame.bytes.toString('utf8', frame.body + 1, frame.end);
    else if (frame.type === eventType.TABLE_MAP) {
      const map = decodeTableMap(frame, 'mysql');
      maps.set(map.tableId, { map, table: tableFromMap(map, collations, findTable(schema, map)?.table ?? null) });
    } else if (isRowsEvent(frame.type)) {
      const event = decodeRowsEvent(frame);
      const { map, table } = maps.get(event.tableId)!;
      const rows = rowReader(table, map, collations).images(event);
      take({ kind: 'rows', op: event.op, table, rows, origin: origin(frame) }, { id: gtid, end: false });
    }
  });
};

/** Our records of the recorded binlog, by topic. */
export const encoded = (
  options: Omit<DebeziumOptions, 'version' | 'now'>,
  withTransactions: boolean,
  binlog = testdata('binlog.000002'),
  captures: (change: Change) => boolean = () => true,
): Map<string, Message[]> => {
  const encoder = new DebeziumJsonEncoder({ version: '3.6.1.Final', now: () => 1_700_000_000_000_000, ...options });
  const topics = new Map<string, Message[]>();
  const out = new OutputBuffer(16);
  const keys = new OutputBuffer(16);
  let order: TransactionOrder | null = null;
  let id = '';
  let millis = 0;
  const add = (topic: string, message: Omit<Message, 'topic'>): void => {
    const messages = topics.get(topic) ?? [];
    messages.push({ topic, ...message });
    topics.set(topic, messages);
  };
  const framed = (part: 'key' | 'value', payload: Buffer): string =>
    options.schemas === true ? `${transactionSchemas()[part]}${payload}}` : payload.toString();
  const mark = (status: 'BEGIN' | 'END', transaction: TransactionOrder): void =>
    add(`${options.name}.transaction`, {
      key: framed('key', transactionKey(transaction.id)),
      value: framed('value', transactionMark(status, transaction, millis)),
    });
  replay(binlog, (change, transaction) => {
    if (!captures(change)) return;
    if (withTransactions && change.kind === 'rows' && transaction.id !== id) {
      if (order !== null) mark('END', order);
      order = new TransactionOrder(transaction.id);
      id = transaction.id;
      millis = Math.floor((change.origin as MysqlOrigin).commitMicros / 1_000);
      mark('BEGIN', order);
    }
    out.clear();
    keys.clear();
    const table = change.kind === 'schema' ? null : change.table;
    const topic = table === null ? options.name : `${options.name}.${table.database}.${table.name}`;
    const extras: RowsExtras = {
      records: {
        keys,
        record: ({ start, end, keyStart, keyEnd, header, headerStart, headerEnd }) => {
          const named =
            header === null ? {} : { headers: { [header]: keys.bytes.toString('utf8', headerStart, headerEnd) } };
          add(topic, {
            key: keyStart === keyEnd ? null : keys.bytes.toString('utf8', keyStart, keyEnd),
            value: start === end ? null : out.bytes.toString('utf8', start, end),
            ...named,
          });
        },
      },
      ...(order === null ? {} : { transaction: order }),
    };
    if (change.kind === 'rows') encoder.encodeRows(change, out, extras);
    else if (change.kind === 'truncate') encoder.encodeTruncate(change, out, extras);
    else if (change.kind === 'schema') encoder.encodeSchemaChange(change, out, extras);
  });
  if (order !== null) mark('END', order);
  return topics;
};

/**
 * What is not compared: the envelope's own times, which are when each program ran; and what testdata/README.md tells of the recording:
 * 'false', the default of `source.snapshot`, is null where Connect leaves nulls alone; a schema change carries the row number of an event
 * before it; Java 17 prints some floating-point numbers with a digit too many; headers are not made by the JSON converter.
 */
export const masked = ({ value, headers, ...message }: Message): object => {
  const same = value
    ?.replace(/"ts_ms":\d+,"ts_us":\d+,"ts_ns":\d+(}+)$/, '"ts":0$1')
    .replace(/"ts_ms":\d+,"databaseName"/, '"databaseName"')
    .replace(/"row":\d+(,"thread":null,"query":null},"databaseName")/, '"row":0$1')
    .replace('"snapshot":null', '"snapshot":"false"');
  return {
    ...message,
    headers: headers === undefined ? [] : Object.keys(headers),
    value: longerOnJava17.reduce((text, [longer, shortest]) => text?.replaceAll(longer, shortest), same),
  };
};

const longerOnJava17 = [
  ['-3.5000001E10', '-3.5E10'],
  ['1.17549435E-38', '1.1754944E-38'],
  ['9.2233720368547763E17', '9.223372036854776E17'],
] as const;

/**
 * What Debezium makes of a default as SHOW CREATE TABLE prints it, escapes and all; ours are the default itself: it's, and the bytes
 * 'ab' and 0.
 */
const misreadDefaults = [
  [`"default":"it''s"`, `"default":"it's"`],
  ['"default":"YWJcMA=="', '"default":"YWIA"'],
  ['"default":"61625c30"', '"default":"616200"'],
] as const;

export const withRightDefaults = (message: Message): Message => ({
  ...message,
  value: misreadDefaults.reduce((text, [theirs, ours]) => text?.replaceAll(theirs, ours) ?? null, message.value),
});
