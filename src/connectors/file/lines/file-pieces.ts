import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { isMillraceError, MillraceError } from '../../../core/errors.ts';

const pieceBytes = 256 * 1_024;

/** As Flink: of a folder every file, also of folders in it, but for those whose names begin with `.` or `_`. Throws FILE_UNREADABLE. */
export const filesOf = async (path: string): Promise<readonly string[]> => {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files: string[] = [];
    for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (/^[._]/.test(entry.name)) continue;
      const inside = join(path, entry.name);
      if (entry.isDirectory()) files.push(...(await filesOf(inside)));
      else if (entry.isFile()) files.push(inside);
    }
    return files;
  } catch (error) {
    throw unreadable(error, path);
  }
};

/** A file from its beginning to its end; one whose name ends with `.gz` as it is when unpacked. Throws FILE_UNREADABLE. */
export async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = createReadStream(path, { highWaterMark: pieceBytes });
  const unpacked = path.endsWith('.gz') ? createGunzip({ chunkSize: pieceBytes }) : null;
  try {
    if (unpacked === null) yield* stream;
    else {
      stream.on('error', (error) => unpacked.destroy(error));
      yield* stream.pipe(unpacked);
    }
  } catch (error) {
    throw unreadable(error, path);
  } finally {
    stream.destroy();
    unpacked?.destroy();
  }
}

/** What the system, or unpacking, says of a file; everything else is passed through. */
const unreadable = (error: unknown, path: string): unknown => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || isMillraceError(error)) return error;
  const reason = code === 'ENOENT' ? 'there is no such file or folder' : message;
  return new MillraceError('FILE_UNREADABLE', { path, reason }, { cause: error });
};
