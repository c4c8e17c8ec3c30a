import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileReason } from '../../config/interpolate.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { parseAofManifest } from '../../protocol/redis/aof/aof-manifest.ts';
import { type AofEnd, AofReader, type AofVisitor } from '../../protocol/redis/aof/aof-reader.ts';

/** What was read of an append-only log. */
export interface AofLog {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly end: AofEnd;
}

/**
 * Reads an append-only log from start to end in little memory: a folder with a manifest, the manifest, or the one file of a server
 * before Redis 7.0. `until`: seconds since 1970. Answers null where it was interrupted.
 */
export const readAof = async (
  path: string,
  visitor: AofVisitor,
  { until, signal }: { readonly until: number | null; readonly signal: AbortSignal },
): Promise<AofLog | null> => {
  const reader = new AofReader(visitor, until === null ? {} : { until });
  const files: { name: string; bytes: number }[] = [];
  let end: AofEnd = { offset: 0, cutBytes: 0, droppedCommands: 0 };
  const paths = await readable(path, () => filesOf(path));
  for (const [index, file] of paths.entries()) {
    if (reader.done) break;
    const entry = { name: basename(file), bytes: 0 };
    files.push(entry);
    reader.open(entry.name);
    const interrupted = await readable(file, async () => {
      for await (const piece of createReadStream(file, { highWaterMark: 1 << 18 })) {
        if (signal.aborted) return true;
        entry.bytes += (piece as Buffer).length;
        reader.write(piece as Buffer);
        if (reader.done) break;
      }
      return false;
    });
    if (interrupted) return null;
    end = reader.close(index === paths.length - 1);
  }
  return { files, end };
};

const filesOf = async (path: string): Promise<readonly string[]> => {
  const isFolder = (await stat(path)).isDirectory();
  if (!isFolder && !path.endsWith('.manifest')) return [path];
  const manifest = isFolder ? await manifestIn(path) : path;
  const files = parseAofManifest(await readFile(manifest, 'latin1'));
  return files.filter(({ kind }) => kind !== 'history').map(({ name }) => join(dirname(manifest), name));
};

const manifestIn = async (folder: string): Promise<string> => {
  const manifests = (await readdir(folder)).filter((name) => name.endsWith('.manifest'));
  if (manifests.length !== 1)
    throw new MillraceError('REDIS_AOF_NOT_FOUND', { path: folder, manifests: manifests.length });
  return join(folder, manifests[0]!);
};

const readable = async <Result>(path: string, body: () => Promise<Result>): Promise<Result> => {
  try {
    return await body();
  } catch (error) {
    if (isMillraceError(error)) throw error;
    throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: fileReason(error) });
  }
};
