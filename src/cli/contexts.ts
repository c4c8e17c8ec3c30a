import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileReason } from '../config/interpolate.ts';
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';

/** A running millrace by name. */
export interface Context {
  readonly url: string;
  /** Null: it asks for none, or it comes from the options or the environment. */
  readonly token: string | null;
  /** PEM file of the authority that signed its certificate; null: a public one. */
  readonly ca: string | null;
}

export interface Contexts {
  /** Used where nothing else says where millrace runs; null: none is. */
  readonly current: string | null;
  readonly contexts: Readonly<Record<string, Context>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Tokens stand in it: only its owner may read it. */
export const contextsFile = (env: Environment): string =>
  env['MILLRACE_CONTEXTS'] || join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'millrace', 'contexts.json');

/** Throws CONFIG_UNREADABLE for a file that is there and does not hold contexts. */
export const readContexts = (env: Environment): Contexts => {
  const file = contextsFile(env);
  try {
    const { current, contexts } = JSON.parse(readFileSync(file, 'utf8')) as Contexts;
    if (typeof contexts !== 'object' || contexts === null) throw new Error('it does not hold contexts');
    return { current: current ?? null, contexts };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: null, contexts: {} };
    throw new MillraceError('CONFIG_UNREADABLE', { file, reason: fileReason(error) });
  }
};

/** Replaces the file as a whole, so that two writers leave what one of them wrote. Throws CLI_FILE_UNWRITABLE. */
export const writeContexts = (env: Environment, contexts: Contexts): void => {
  const file = contextsFile(env);
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } catch (error) {
    throw new MillraceError('CLI_FILE_UNWRITABLE', { file, reason: fileReason(error) });
  }
};

/** Throws CLI_UNKNOWN_CONTEXT. */
export const contextNamed = ({ contexts }: Contexts, name: string): Context => {
  if (Object.hasOwn(contexts, name)) return contexts[name]!;
  const known = Object.keys(contexts);
  throw new MillraceError('CLI_UNKNOWN_CONTEXT', { context: name, known, suggestion: nearestName(name, known) });
};

/** The context that the environment or `context use` chooses; null: none. */
export const chosenContext = (env: Environment): Context | null => {
  const all = readContexts(env);
  const name = env['MILLRACE_CONTEXT'] || all.current;
  return name === null ? null : contextNamed(all, name);
};
