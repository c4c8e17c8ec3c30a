import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../../core/errors.ts';
import { runProgram } from './run-program.ts';
import { exclusively, serverCache } from './server-cache.ts';

/** Jars that make up a program: all of them, so that nothing needs to be resolved. */
export interface JarSet {
  /** The folder's name in the cache; names the version too. */
  readonly name: string;
  /** `group:artifact:version` each. */
  readonly jars: readonly string[];
}

/**
 * The folder that holds a set's jars, fetched at the first use from the Maven repository this machine is configured with: a mirror
 * in Maven's settings, else Maven Central. The folder appears only when it is whole. Throws SERVER_UNAVAILABLE.
 */
export const mavenJars = async ({ name, jars }: JarSet): Promise<string> => {
  const folder = join(serverCache(), name);
  await exclusively(`${folder}.lock`, async () => {
    if (await exists(folder)) return;
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    try {
      await download(await repository(), jars, partial);
    } catch (error) {
      // Maven may know a way that its settings do not tell in one line: a proxy, a login.
      if (!(await fetchByMaven(jars, partial))) {
        throw new MillraceError(
          'SERVER_UNAVAILABLE',
          { server: name, reason: (error as Error).message },
          { cause: error },
        );
      }
    }
    await rename(partial, folder);
  });
  return folder;
};

const atOnce = 6;

const download = async (url: string, jars: readonly string[], folder: string): Promise<void> => {
  const waiting = [...jars];
  const take = async (): Promise<void> => {
    for (let jar = waiting.pop(); jar !== undefined; jar = waiting.pop()) {
      const { path, file } = placeOf(jar);
      const [bytes, sum] = await Promise.all([get(`${url}/${path}/${file}`), get(`${url}/${path}/${file}.sha1`)]);
      const wanted = sum.toString().trim().split(/\s/)[0];
      if (createHash('sha1').update(bytes).digest('hex') !== wanted)
        throw new Error(`${file} does not match its checksum`);
      await writeFile(join(folder, file), bytes);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, take));
};

const get = async (url: string): Promise<Buffer> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) });
      if (answer.ok) return Buffer.from(await answer.arrayBuffer());
      if (answer.status < 500) throw new Error(`${url.split('/').at(-1)}: HTTP ${answer.status}`);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

const placeOf = (jar: string): { readonly path: string; readonly file: string } => {
  const [group, artifact, version] = jar.split(':');
  return {
    path: `${group!.replaceAll('.', '/')}/${artifact}/${version}`,
    file: `${artifact}-${version}.jar`,
  };
};

/** The mirror for Central in Maven's settings, the user's before the machine's; else Central itself. */
const repository = async (): Promise<string> => {
  for (const file of [join(homedir(), '.m2/settings.xml'), '/etc/maven/settings.xml']) {
    const settings = (await readFile(file, 'utf8').catch(() => '')).replace(/<!--.*?-->/gs, '');
    for (const [, mirror] of settings.matchAll(/<mirror>(.*?)<\/mirror>/gs)) {
      const of = /<mirrorOf>\s*(.*?)\s*<\/mirrorOf>/.exec(mirror!)?.[1] ?? '';
      const url = /<url>\s*(.*?)\/?\s*<\/url>/.exec(mirror!)?.[1];
      if (url !== undefined && /(^|,)\s*(\*|central)\s*(,|$)/.test(of)) return url;
    }
  }
  return 'https://repo.maven.apache.org/maven2';
};

const fetchByMaven = async (jars: readonly string[], folder: string): Promise<boolean> => {
  const dependencies = jars.map((jar) => {
    const [group, artifact, version] = jar.split(':');
    const without = '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${without}</dependency>`;
  });
  const pom = join(folder, 'pom.xml');
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>millrace.test</groupId>
     <artifactId>jars</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`,
  );
  const { status } = await runProgram(
    ['mvn', '-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
    { timeoutMs: 600_000 },
  );
  await rm(pom);
  return status === 0;
};

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
