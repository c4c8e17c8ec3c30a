import { createReadStream } from 'node:fs';
import { fileReason } from '../../config/interpolate.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { RdbReader } from '../../protocol/redis/rdb/rdb-reader.ts';
import type { RdbVisitor } from '../../protocol/redis/rdb/rdb-visitor.ts';

/**
 * Reads an RDB file from start to end in little memory. `goOn` is asked after each piece. Answers which format it is of, null where it was
 * interrupted, or did not go on.
 */
export const readRdb = async (
  path: string,
  visitor: RdbVisitor,
  signal: AbortSignal,
  goOn: () => Promise<boolean> = async () => true,
): Promise<{ readonly dialect: string; readonly version: number; readonly bytes: number } | null> => {
  const reader = new RdbReader(visitor);
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      if (signal.aborted) return null;
      reader.write(piece as Buffer);
      if (reader.done) break;
      if (!(await goOn())) return null;
    }
  } catch (error) {
    if (isMillraceError(error)) throw error;
    throw new MillraceError('CLI_INPUT_UNREADABLE', { input: path, reason: fileReason(error) });
  }
  reader.end();
  return { ...reader.format, bytes: reader.offset };
};
