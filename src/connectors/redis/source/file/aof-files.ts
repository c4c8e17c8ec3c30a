import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MillraceError } from '../../../../core/errors.ts';
import { parseAofManifest } from '../../../../protocol/redis/aof/aof-manifest.ts';

/**
 * The paths of the files that a saved file or log is made of, in the order in which they are read: of a folder with a manifest, of a
 * manifest, or the one file itself. Throws REDIS_AOF_NOT_FOUND, REDIS_AOF_MANIFEST_INVALID and errors of the file system.
 */
export const aofFiles = async (path: string): Promise<readonly string[]> => {
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
