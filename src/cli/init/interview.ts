import type { MysqlConfig } from '../../connectors/mysql/config.ts';
import { isMillraceError } from '../../core/errors.ts';
import { mysqlUrl } from '../connection-url.ts';
import { errorText } from '../error-text.ts';
import type { Terminal } from '../terminal.ts';
import type { Asker } from './asker.ts';

/** What every part of the interview needs. */
export interface Interview {
  readonly asker: Asker;
  readonly paint: Terminal['paint'];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Passwords that were given, by the variable that the file names instead, with whose each is. */
  readonly secrets: Map<string, { readonly value: string; readonly of: string }>;
}

/** An answer that cannot be taken, with the reason as whoever gave it reads it. The question is asked again. */
export class RefusedAnswer extends Error {
  override readonly name = 'RefusedAnswer';
}

/** Says why an answer was not taken. Throws what is no reason of that kind. */
export const sayWhy = ({ asker, paint }: Interview, error: unknown): void => {
  if (error instanceof RefusedAnswer) asker.say(`${paint('red', '✘')} ${error.message}`);
  else if (isMillraceError(error)) asker.say(errorText(error, paint));
  else throw error;
};

/** A server by the answer to one question. */
export interface NamedServer {
  readonly config: MysqlConfig;
  readonly address: string;
  /** The answer without its password, to offer again. */
  readonly shown: string;
  /** The database that the answer names; null: none. */
  readonly database: string | null;
  /** How a pipeline file says it; the password is a variable. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Asks for a server by its address, and for its password where the address has none. */
export const askServer = async (
  interview: Interview,
  { question, offered, variable }: { readonly question: string; readonly offered: string; readonly variable: string },
): Promise<NamedServer> => {
  const { asker, env, secrets } = interview;
  for (;;) {
    const answer = await asker.ask(`${question}, as user@host:port`, { fallback: offered });
    const text = answer.includes('://') ? answer : `mysql://${answer}`;
    try {
      const { config } = mysqlUrl(text, { command: 'init', env, tables: '\\.*.\\.*' });
      if (config.username === undefined || config.username === '')
        throw new RefusedAnswer('that names no user; write user@host:port');
      const url = new URL(text);
      const named = url.searchParams.get('password_env');
      const given = named !== null || config.password !== '';
      const password = given
        ? config.password
        : await asker.ask(`Password of ${config.username} (is not shown; Enter: none)`, { hidden: true });
      const address = `${config.hostname}:${config.port}`;
      if (password === '') secrets.delete(variable);
      else secrets.set(named ?? variable, { value: password, of: `${config.username} on ${address}` });
      url.password = '';
      return {
        config: { ...config, password },
        address,
        shown: url.href.replace(/^mysql:\/\//, '').replace(/\/$/, ''),
        database: decodeURIComponent(url.pathname.slice(1)) || null,
        settings: {
          hostname: config.hostname,
          port: config.port,
          username: config.username,
          ...(password === '' ? {} : { password: `\${${named ?? variable}}` }),
          ...(url.searchParams.has('ssl-mode') ? { 'ssl.mode': config['ssl.mode'] } : {}),
        },
      };
    } catch (error) {
      sayWhy(interview, error);
    }
  }
};

/** The environment as the file will find it once the passwords are set. */
export const environmentOf = ({ env, secrets }: Interview): Readonly<Record<string, string | undefined>> => ({
  ...env,
  ...Object.fromEntries([...secrets].map(([variable, { value }]) => [variable, value])),
});

/** One of a few words, or the first letters of one. */
export const askChoice = async (
  interview: Interview,
  question: string,
  choices: readonly string[],
  fallback: string,
): Promise<string> => {
  for (;;) {
    const answer = await interview.asker.ask(question, { fallback });
    const exact = choices.find((choice) => choice === answer) ?? choices[Number(answer) - 1];
    const begun = choices.filter((choice) => answer !== '' && choice.startsWith(answer.toLowerCase()));
    if (exact !== undefined) return exact;
    if (begun.length === 1) return begun[0]!;
    sayWhy(interview, new RefusedAnswer(`${answer === '' ? 'nothing' : answer} is none of ${choices.join(', ')}`));
  }
};

/** The promise, unless the interview is given up before. */
export const whileWaiting = async <T>({ givenUp }: Asker, promise: Promise<T>): Promise<T> => {
  givenUp.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(givenUp.reason);
  givenUp.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    givenUp.removeEventListener('abort', stop);
  }
};
