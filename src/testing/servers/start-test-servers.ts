import { MillraceError } from '../../core/errors.ts';
import { launchProgram } from './launch-server.ts';
import { memoryFolder } from './memory-folder.ts';
import { type CatalogueEntry, type ServerName, serverCatalogue } from './server-catalogue.ts';
import { type ClientTools, debianProgram } from './server-program.ts';

/** A server that all tests of a run share: make databases of your own in it, and leave its global settings alone. */
export interface TestServer {
  readonly name: ServerName;
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where its binlog files are; null where the server is not on this machine. */
  readonly binlogFolder: string | null;
  readonly tools: ClientTools | null;
}

/** A server that could not be had, and why. */
export interface MissingServer {
  readonly name: ServerName;
  readonly reason: string;
}

/** How the test runner passes the servers it started on to the test files: JSON of `TestServer[]`. */
export const serversVariable = 'MILLRACE_TEST_SERVERS';

/** Starts (or takes from the environment) each server of the catalogue, side by side. */
export const startTestServers = async (): Promise<{ servers: TestServer[]; missing: MissingServer[] }> => {
  const servers: TestServer[] = [];
  const missing: MissingServer[] = [];
  const starts = serverCatalogue.map(async (entry) => [entry, await settle(testServer(entry))] as const);
  for (const [entry, outcome] of await Promise.all(starts)) {
    if (outcome instanceof MillraceError) missing.push({ name: entry.name, reason: outcome.message });
    else servers.push(outcome);
  }
  return { servers, missing };
};

const testServer = async (entry: CatalogueEntry): Promise<TestServer> => {
  const url = process.env[entry.variable];
  if (url) return namedServer(entry, url);
  const server = await launchProgram(await debianProgram(entry), { folder: memoryFolder() });
  const { flavor, version, host, port, user, password, binlogFolder, tools } = server;
  return { name: entry.name, flavor, version, host, port, user, password, binlogFolder, tools };
};

const namedServer = (entry: CatalogueEntry, text: string): TestServer => {
  const url = new URL(text);
  return {
    name: entry.name,
    flavor: entry.flavor,
    version: entry.version,
    host: url.hostname,
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    binlogFolder: null,
    tools: null,
  };
};

/** Only what a visitor's machine may lack is an outcome; everything else is a fault and is thrown on. */
const settle = async <T>(work: Promise<T>): Promise<T | MillraceError> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
};
