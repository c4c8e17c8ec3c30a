import type { CommandCall } from '../command.ts';
import { envelope } from '../envelope.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { shortBytes } from '../figures.ts';
import { RdbCount } from '../redis/rdb-count.ts';
import { readRdb } from '../redis/read-rdb.ts';
import { stopSignals } from '../stop-signals.ts';
import { textTable } from '../text-table.ts';

export const run = async (call: CommandCall): Promise<ExitCode> => {
  const { terminal, format } = call;
  const [path] = call.arguments;
  const count = new RdbCount(call.count('top', 1) ?? 10, Date.now());
  using signals = stopSignals(() => {});
  const file = await readRdb(path!, count, signals.stop);
  if (file === null) return exitCode.interrupted;
  const text = format === 'json' ? envelope('redis rdb stat', countObject(count, file)) : countText(count, file);
  await terminal.print(text);
  return exitCode.ok;
};

interface FileFormat {
  readonly dialect: string;
  readonly version: number;
  readonly bytes: number;
}

const countObject = (count: RdbCount, file: FileFormat) => ({
  format: file.dialect,
  version: file.version,
  bytes: file.bytes,
  server_version: serverVersion(count),
  facts: Object.fromEntries(count.facts),
  keys: count.keys,
  elements: count.elements,
  expiring: count.expiring,
  expired: count.expired,
  function_libraries: count.libraries,
  types: Object.fromEntries(count.kinds),
  encodings: Object.fromEntries(count.encodings),
  databases: Object.fromEntries(count.databases),
  modules: Object.fromEntries(count.modules),
  largest: count.largest,
});

const serverVersion = (count: RdbCount): string | null =>
  count.facts.get('redis-ver') ?? count.facts.get('valkey-ver') ?? null;

const countText = (count: RdbCount, file: FileFormat): string => {
  const databases = [...count.databases].map(([index, keys]) => `${index} (${keys})`).join(', ');
  const encodings = [...count.encodings].map(([name, keys]) => `${name} ${keys}`).join(', ');
  const facts: [string, string][] = [
    ['format', `${file.dialect} version ${file.version}, ${shortBytes(file.bytes)}`],
    ['written by', serverVersion(count) ?? 'unknown'],
    ['keys', `${count.keys}, of which ${count.expiring} expire and ${count.expired} have expired`],
    ['databases', databases || 'none'],
    ['encodings', encodings || 'none'],
  ];
  if (count.libraries > 0) facts.push(['functions', `${count.libraries} libraries`]);
  if (count.modules.size > 0)
    facts.push(['modules', [...count.modules].map(([name, parts]) => `${name} (${parts})`).join(', ')]);
  const kinds = [...count.kinds].map(([name, kind]) => [
    name,
    String(kind.keys),
    String(kind.elements),
    shortBytes(kind.bytes),
    String(kind.expiring),
  ]);
  const largest = count.largest.map((key) => [
    key.name,
    key.kind,
    key.encoding,
    String(key.database),
    String(key.elements),
    shortBytes(key.bytes),
  ]);
  return [
    textTable([], facts),
    ...(kinds.length > 0 ? [textTable(['type', 'keys', 'elements', 'bytes', 'expiring'], kinds)] : []),
    ...(largest.length > 0
      ? [textTable(['largest', 'type', 'encoding', 'database', 'elements', 'bytes'], largest)]
      : []),
  ].join('\n\n');
};
