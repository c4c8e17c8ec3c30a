import { serversVariable, startTestServers, type TestServer } from './start-test-servers.ts';

/** The real servers of this run. A test file run by itself, without the runner, starts its own. */
export const testServers = (): readonly TestServer[] => servers;

const given = process.env[serversVariable];
const servers: readonly TestServer[] =
  given === undefined ? (await startTestServers()).servers : (JSON.parse(given) as TestServer[]);
