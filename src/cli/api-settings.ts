import type { ServerSettings } from '../config/server-settings.ts';
import { MillraceError } from '../core/errors.ts';
import { type Listen, parseListen } from '../server/access.ts';
import type { ApiServer } from '../server/api-server.ts';
import type { Fleet } from '../server/fleet.ts';
import { apiToken } from './api-token.ts';
import type { CommandCall } from './command.ts';
import { logLevel, stderrLog } from './stderr-log.ts';
import { version } from './version.ts';

/** How the API is served. */
export interface ApiSettings {
  readonly listen: Listen;
  readonly token: string | null;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly allowTail: boolean;
}

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

/** Starts the API and says where. */
export const openApi = async (
  call: CommandCall,
  settings: ApiSettings,
  fleet: Fleet,
  write: (line: string) => void,
): Promise<ApiServer> => {
  const { openApiServer } = await import('../server/api-server.ts');
  const format = call.text('log-format') === 'json' ? 'json' : 'pretty';
  const log = stderrLog(
    { format, level: logLevel(call), prefix: null, redact: String, now: () => new Date(), write },
    call.terminal.paint,
  );
  const server = await openApiServer({ ...settings, fleet, log, version });
  log.info('the API listens', { url: server.url, token: settings.token !== null, tail: settings.allowTail });
  return server;
};
