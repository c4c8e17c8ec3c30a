import type { SqlRow } from '../../src/operators/incremental/delta.ts';
import { nexmarkEvents } from '../../src/testing/nexmark/nexmark-events.ts';
import { type NexmarkQuery, nexmarkQueries, nexmarkTables } from '../../src/testing/nexmark/nexmark-queries.ts';
import type { FlinkJobs } from './flink.ts';

/** Queries of Nexmark over a file of `nexmarkLines`; before them one that reads it alone, twice. */
export const flinkNexmark = (file: string, queries: readonly NexmarkQuery[], rows: number): FlinkJobs => ({
  rows,
  tables: nexmarkTables
    .replace("'connector' = 'events'", `'connector' = 'filesystem', 'path' = 'file://${file}', 'format' = 'json'`)
    .split(/;\n/)
    .filter((statement) => statement.includes('CREATE') && !statement.includes('side_input')),
  reading: 'SELECT event_type, person, auction, bid, `dateTime` FROM datagen',
  queries: queries.map((query) => nexmarkQueries[query]),
});

const fields = [
  ['person', ['id', 'name', 'emailAddress', 'creditCard', 'city', 'state', 'dateTime', 'extra']],
  ['auction', 'id,itemName,description,initialBid,reserve,dateTime,expires,seller,category,extra'.split(',')],
  ['bid', ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra']],
] as const;
const times = new Set(['dateTime', 'expires']);

/** The events that millrace is given, a line of JSON each, as Flink reads them. */
export const nexmarkLines = (count: number): Buffer => {
  const lines: Buffer[] = [];
  let text = '';
  for (const { row } of nexmarkEvents(count)) {
    text += `${line(row)}\n`;
    if (text.length < 1 << 20) continue;
    lines.push(Buffer.from(text));
    text = '';
  }
  return Buffer.concat([...lines, Buffer.from(text)]);
};

const line = (row: SqlRow): string => {
  const kind = row[0] as number;
  const [name, names] = fields[kind]!;
  const values = row[kind + 1] as SqlRow;
  const members = names.map((field, at) => [field, times.has(field) ? timestamp(values[at] as number) : values[at]]);
  return JSON.stringify({ event_type: kind, [name]: Object.fromEntries(members) });
};

/** From microseconds since 1970. */
const timestamp = (micros: number): string => new Date(micros / 1_000).toISOString().replace('T', ' ').replace('Z', '');
