import { access, lstat, readdir, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { unpackDebian } from './debian-packages.ts';
import { type Command, runProgram } from './run-program.ts';
import { serverCache } from './server-cache.ts';

/** What the servers that run on Java ask for. */
const oldestVersion = 17;

/** The machine's own Java when it is new enough, else Debian's, unpacked into the cache. Throws SERVER_UNAVAILABLE. */
export const javaProgram = async (): Promise<Command> => {
  const home = process.env['JAVA_HOME'];
  for (const program of [...(home ? [join(home, 'bin/java')] : []), 'java']) {
    if ((await javaVersion(program)) >= oldestVersion) return [program];
  }
  return [await unpackedJava()];
};

/** Unpacks the Java of this machine's own Debian suite: it runs with the machine's C library, whatever else is unpacked. */
const unpackedJava = async (): Promise<string> => {
  const suite = /^VERSION_CODENAME="?(\w+)/m.exec(await readFile('/etc/os-release', 'utf8').catch(() => ''))?.[1];
  if (suite === undefined) {
    throw new MillraceError('SERVER_UNAVAILABLE', {
      server: 'java',
      reason: 'neither Java 17 nor a Debian suite here',
    });
  }
  const version = suite === 'bookworm' || suite === 'bullseye' ? 17 : 21;
  const folder = join(serverCache(), `java-${version}-${suite}`);
  await unpackDebian(suite, [`openjdk-${version}-jre-headless`], folder);
  const homes = join(folder, 'usr/lib/jvm');
  const name = (await readdir(homes)).find((each) => each.startsWith(`java-${version}-openjdk-`));
  const program = join(homes, String(name), 'bin/java');
  await pullLinksInside(join(homes, String(name)), folder);
  if ((await javaVersion(program)) < oldestVersion) {
    throw new MillraceError('SERVER_UNAVAILABLE', { server: 'java', reason: 'the unpacked Java does not run' });
  }
  return program;
};

/** Debian's Java keeps its settings in /etc and links to them by absolute names, which lead out of an unpacked folder. */
const pullLinksInside = async (home: string, root: string): Promise<void> => {
  for (const name of await readdir(home, { recursive: true })) {
    const path = join(home, name);
    if (!(await lstat(path).catch(() => null))?.isSymbolicLink()) continue;
    const target = await readlink(path);
    if (!isAbsolute(target) || !(await exists(join(root, target)))) continue;
    await unlink(path);
    await symlink(relative(dirname(path), join(root, target)), path);
  }
};

/** 0: there is none, or it does not run. */
const javaVersion = async (program: string): Promise<number> => {
  const { status, output } = await runProgram([program, '-version'], { timeoutMs: 20_000 });
  return status === 0 ? Number(/version "(\d+)/.exec(output)?.[1] ?? 0) : 0;
};

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
