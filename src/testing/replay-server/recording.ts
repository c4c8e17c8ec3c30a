import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { ServerError, TextResult } from '../../protocol/mysql/server/answers.ts';
import type { BinlogFile } from './recorded-log.ts';

/** What a server said and wrote, enough to stand in for it. */
export interface Recording {
  readonly serverVersion: string;
  readonly serverUuid: string;
  readonly files: readonly BinlogFile[];
  /** The server's answers by statement. A statement that answered no rows has none here: it is answered with OK. */
  readonly answers: Readonly<Record<string, TextResult | ServerError>>;
}

/** Reads a folder that holds `server.json` (all but the files) and each binlog file as `NAME.zst`. */
export const readRecording = async (folder: string): Promise<Recording> => {
  const server = JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')) as Omit<Recording, 'files'>;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.zst')).sort();
  const files = names.map(async (name) => ({
    name: name.slice(0, -'.zst'.length),
    bytes: zstdDecompressSync(await readFile(join(folder, name))),
  }));
  return { ...server, files: await Promise.all(files) };
};
