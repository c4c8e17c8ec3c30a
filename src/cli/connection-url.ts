import { type MysqlConfig, mysqlConfig } from '../connectors/mysql/config.ts';
import { MillraceError } from '../core/errors.ts';

export interface MysqlAddress {
  readonly config: MysqlConfig;
  /** What must not be shown. */
  readonly secrets: readonly string[];
}

/**
 * A server as `mysql://user:password@host:port/`. The password may stand in a variable instead (`?password_env=NAME`), where
 * other users of the machine do not see it; `?ssl-mode=` is `ssl.mode`. Throws CLI_ARGUMENTS, without the password.
 */
export const mysqlUrl = (
  text: string,
  {
    command,
    env,
    tables,
  }: { readonly command: string; readonly env: Readonly<Record<string, string | undefined>>; readonly tables: string },
): MysqlAddress => {
  const refuse = (reason: string): never => {
    throw new MillraceError('CLI_ARGUMENTS', { command: `millrace ${command}`, reason });
  };
  const url = URL.canParse(text) ? new URL(text) : refuse('the server is written mysql://user:password@host:port/');
  if (!/^(mysql|mariadb):$/.test(url.protocol)) refuse(`there is nothing to connect to by ${url.protocol}//`);
  for (const name of url.searchParams.keys()) {
    if (!['password_env', 'ssl-mode'].includes(name))
      refuse(`a server's URL has no parameter ${name}; it takes password_env, ssl-mode`);
  }
  const variable = url.searchParams.get('password_env');
  if (variable !== null && env[variable] === undefined)
    throw new MillraceError('CONFIG_VARIABLE_MISSING', { name: variable, reason: 'is not set' });
  const password = variable === null ? decodeURIComponent(url.password) : env[variable]!;
  const sslMode = url.searchParams.get('ssl-mode');
  const parsed = mysqlConfig.safeParse({
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    username: decodeURIComponent(url.username),
    password,
    tables,
    ...(sslMode === null ? {} : { 'ssl.mode': sslMode }),
  });
  if (!parsed.success) return refuse(parsed.error.issues[0]?.message ?? 'the URL cannot be used');
  return { config: parsed.data, secrets: password === '' ? [] : [password] };
};
