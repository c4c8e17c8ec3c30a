import { jsonValue } from '../../core/json-value.ts';
import type { Image } from '../../core/row-images.ts';
import type { ViewedEvent } from './binlog-view.ts';
import { isoTime } from './describe-event.ts';
import type { LoggedRows } from './log-tables.ts';
import { loggedRow, sqlLiteral } from './logged-values.ts';

/** An event for people, in the manner of `mysqlbinlog -vv`: a header line, the statement, the rows as statements. */
export function* eventText(event: ViewedEvent): Generator<string, void, undefined> {
  const { file, position, frame, inside, type, fields, statement } = event;
  const at = position === null ? 'made up by the server' : inside ? `inside ${position}` : `at ${position}`;
  const words = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${shownField(value)}`);
  const time = frame.timestamp === 0 ? '-' : isoTime(frame.timestamp * 1000);
  const head = `# ${file} ${at}  ${time}  server ${frame.serverId}  ${frame.size} bytes  ${type}`;
  yield `${[head, ...words].join('  ')}\n`;
  if (statement !== null) yield `${statement}\n`;
  if (event.map && !event.rows) yield `#   ${event.map.names?.join(', ') ?? 'column names are not logged'}\n`;
  if (event.rows) yield* rowsText(event.rows);
}

const shownField = (value: string | number | boolean | null): string =>
  typeof value === 'string' && /\s/.test(value) ? JSON.stringify(value) : String(value);

function* rowsText(logged: LoggedRows): Generator<string, void, undefined> {
  const { event, map, rows, reason } = logged;
  if (!rows) {
    yield `### rows not readable: ${reason}\n`;
    return;
  }
  const { table, images } = rows;
  const name = `\`${table.database}\`.\`${table.name}\``;
  const clause = (title: string, index: number, image: Image): string => {
    const row = loggedRow(images, table, index, image, map?.collations !== null);
    if (row === null) return '';
    const lines = row.flatMap((value, column) => {
      const { name: columnName, type } = table.columns[column]!;
      return value === undefined ? [] : [`###   ${columnName}=${sqlLiteral(value, type.kind)}\n`];
    });
    return `### ${title}\n${lines.join('')}`;
  };
  for (let index = 0; index < images.length; index += 1) {
    if (event.op === 'create') yield `### INSERT INTO ${name}\n${clause('SET', index, 'after')}`;
    else if (event.op === 'delete') yield `### DELETE FROM ${name}\n${clause('WHERE', index, 'before')}`;
    else yield `### UPDATE ${name}\n${clause('WHERE', index, 'before')}${clause('SET', index, 'after')}`;
  }
}

/** An event for programs: one JSON object on a line, its rows inside. */
export function* eventJson(event: ViewedEvent): Generator<string, void, undefined> {
  const { file, position, frame, inside, type, fields, statement, rows } = event;
  const head = JSON.stringify({
    file,
    position,
    ...(inside ? { inside: true } : {}),
    type,
    timestamp: frame.timestamp === 0 ? null : isoTime(frame.timestamp * 1000),
    server_id: frame.serverId,
    bytes: frame.size,
    ...fields,
    ...(statement === null ? {} : { statement }),
    ...(rows?.reason ? { unreadable: rows.reason } : {}),
  });
  if (!rows?.rows) {
    yield `${head}\n`;
    return;
  }
  // A rows event may be a gigabyte, so its rows are written one by one.
  yield head.slice(0, -1);
  const { table, images } = rows.rows;
  const image = (index: number, which: Image): Record<string, unknown> | null => {
    const row = loggedRow(images, table, index, which, rows.map?.collations !== null);
    if (row === null) return null;
    const known = row.flatMap((value, column) =>
      value === undefined ? [] : [[table.columns[column]!.name, jsonValue(value)] as const],
    );
    return Object.fromEntries(known);
  };
  for (let index = 0; index < images.length; index += 1) {
    const row = { before: image(index, 'before'), after: image(index, 'after') };
    yield `${index === 0 ? ',"row_images":[' : ','}${JSON.stringify(row)}`;
  }
  yield ']}\n';
}
