import { isDeepStrictEqual } from 'node:util';
import type { ServerSettings } from '../config/server-settings.ts';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { version } from '../pipeline/program-version.ts';
import { type Listen, parseListen } from '../server/access.ts';
import type { ApiServer } from '../server/api-server.ts';
import type { Fleet } from '../server/fleet.ts';
import { apiToken } from './api-token.ts';
import type { CommandCall } from './command.ts';
import { logLevel, stderrLog } from './stderr-log.ts';

/** How the API is served. */
export interface ApiSettings {
  readonly listen: Listen;
  readonly token: string | null;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly allowTail: boolean;
}

/** What files say of the API: those that say anything must say the same, or none of them counts and the log says so. */
export const agreedServer = (
  files: readonly { readonly file: string; readonly server: ServerSettings | null }[],
  log: Log,
): ServerSettings | null => {
  const speaking = files.filter(({ server }) => server !== null);
  const [first] = speaking;
  if (first === undefined) return null;
  if (speaking.every(({ server }) => isDeepStrictEqual(server, first.server))) return first.server;
  log.warn('the server sections of the files differ, so that none of them counts', {
    files: speaking.map(({ file }) => file).join(', '),
    remedy: 'give them the same `server` section, keep it in one file, or use the options',
  });
  return null;
};

/** What the options say, over what a file says; null: no API is asked for. `otherwise` is where to listen when nobody says. */
export const apiSettings = (
  call: CommandCall,
  file: ServerSettings | null,
  otherwise: string | null = null,
): ApiSettings | null => {
  const text = call.text('listen') ?? file?.listen ?? otherwise;
  if (text === null) return null;
  const listen = parseListen(text);
  if (listen === null) {
    throw new MillraceError('CLI_OPTION_VALUE', {
      option: '--listen',
      reason: `${text} is no address: write host:port, for example 127.0.0.1:8765`,
    });
  }
  const certFile = call.text('tls-cert') ?? file?.['tls.cert'] ?? null;
  const keyFile = call.text('tls-key') ?? file?.['tls.key'] ?? null;
  if ((certFile === null) !== (keyFile === null)) {
    throw new MillraceError('CLI_OPTION_VALUE', {
      option: '--tls-cert',
      reason: 'it needs --tls-key, and the other way round',
    });
  }
  return {
    listen,
    token: apiToken(call) ?? file?.['auth.token'] ?? null,
    tls: certFile === null || keyFile === null ? null : { certFile, keyFile },
    allowTail: call.flag('allow-tail') || (file?.['allow-tail'] ?? false),
  };
};

/** The log of what belongs to no pipeline. */
export const apiLog = (call: CommandCall, write: (line: string) => void): Log => {
  const format = call.text('log-format') === 'json' ? 'json' : 'pretty';
  return stderrLog(
    { format, level: logLevel(call), prefix: null, redact: String, now: () => new Date(), write },
    call.terminal.paint,
  );
};

/** Starts the API and says where. */
export const openApi = async (
  call: CommandCall,
  settings: ApiSettings,
  fleet: Fleet,
  write: (line: string) => void,
): Promise<ApiServer> => {
  const { openApiServer } = await import('../server/api-server.ts');
  const log = apiLog(call, write);
  const server = await openApiServer({ ...settings, fleet, log, version });
  log.info('the API listens', { url: server.url, token: settings.token !== null, tail: settings.allowTail });
  return server;
};
