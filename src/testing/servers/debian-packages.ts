import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { type Command, runProgram } from './run-program.ts';
import { exclusively } from './server-cache.ts';

/**
 * Unpacks Debian packages of any suite, with everything they need, into `folder`, beside whatever the machine runs: no root,
 * no chroot, nothing installed. They come from the mirror this machine's apt is configured with. The folder appears only when
 * it is whole, so a folder that is there can be used; a second call returns at once, and concurrent calls wait for the first.
 */
export const unpackDebian = async (suite: string, packages: readonly string[], folder: string): Promise<void> => {
  await exclusively(`${folder}.lock`, async () => {
    if (await exists(folder)) return;
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await download(suite, packages, partial);
    for (const file of await readdir(join(partial, downloads))) {
      if (file.endsWith('.deb')) await must(['dpkg-deb', '-x', join(partial, downloads, file), partial], packages[0]!);
    }
    await rm(join(partial, '.apt'), { recursive: true });
    await rename(partial, folder);
  });
};

/** How to run a program of an unpacked folder: by the folder's own loader, with the folder's own libraries. */
export const unpackedProgram = async (folder: string, program: string): Promise<Command> => {
  const libraries: string[] = [];
  let loader: string | null = null;
  for (const parent of ['usr/lib', 'lib']) {
    for (const triplet of await namesIn(join(folder, parent))) {
      if (!triplet.endsWith('-linux-gnu')) continue;
      libraries.push(join(folder, parent, triplet));
      const name = (await namesIn(libraries.at(-1)!)).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
      if (name !== undefined) loader ??= join(libraries.at(-1)!, name);
    }
  }
  if (loader === null) throw new MillraceError('SERVER_UNAVAILABLE', { server: program, reason: 'no loader unpacked' });
  const path = join(folder, program);
  return [loader, '--library-path', libraries.join(':'), '--argv0', path, path];
};

const downloads = '.apt/cache/archives';

const download = async (suite: string, packages: readonly string[], folder: string): Promise<void> => {
  const apt = join(folder, '.apt');
  const mirror = await configuredMirror();
  if (mirror === null) {
    throw new MillraceError('SERVER_UNAVAILABLE', { server: packages[0]!, reason: 'no Debian mirror in apt sources' });
  }
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    await mkdir(join(apt, name), { recursive: true });
  }
  await writeFile(
    join(apt, 'etc/sources.list'),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${suite} main\n`,
  );
  // An empty list of installed packages makes apt download every dependency, down to the C library.
  await writeFile(join(apt, 'state/status'), '');
  const get: Command = [
    'apt-get',
    '-qq',
    ...['-o', `Dir::State=${join(apt, 'state')}`],
    ...['-o', `Dir::State::status=${join(apt, 'state/status')}`],
    ...['-o', `Dir::Cache=${join(apt, 'cache')}`],
    ...['-o', `Dir::Etc::SourceList=${join(apt, 'etc/sources.list')}`],
    ...['-o', 'Dir::Etc::SourceParts=/dev/null'],
    ...['-o', 'APT::Install-Recommends=false'],
    ...['-o', 'APT::Sandbox::User=root'],
    ...['-o', 'Debug::NoLocking=1'],
  ];
  await must([...get, 'update'], packages[0]!);
  await must([...get, '-y', '--download-only', 'install', ...packages], packages[0]!);
};

/** The first Debian mirror in this machine's apt configuration, in either of apt's two formats. */
const configuredMirror = async (): Promise<string | null> => {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...(await namesIn(folder)).sort().map((name) => join(folder, name))];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const match = /^(?:URIs:|deb\s).*?(https?:\/\/\S+\/debian\/?)(?=\s|$)/m.exec(text);
    if (match) return match[1]!;
  }
  return null;
};

const must = async (command: Command, server: string): Promise<void> => {
  const { status, output } = await runProgram(command);
  if (status === 0) return;
  const reason = output.trim().split('\n').at(-1) || `status ${status}`;
  throw new MillraceError('SERVER_UNAVAILABLE', { server, reason: `${command[0]}: ${reason}` });
};

const namesIn = async (folder: string): Promise<string[]> => await readdir(folder).catch(() => []);

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
