import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { fileReason } from '../../config/interpolate.ts';
import { aofFiles } from '../../connectors/redis/source/file/aof-files.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
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
  const paths = await readable(path, () => aofFiles(path));
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

const readable = async <Result>(path: string, body: () => Promise<Result>): Promise<Result> => {
  try {
    return await body();
  } catch (error) {
    if (isMillraceError(error)) throw error;
    throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: fileReason(error) });
  }
};
