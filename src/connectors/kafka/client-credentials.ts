import { MillraceError } from '../../core/errors.ts';

/** Asks an OAuth 2.0 server for a token by a client's own credentials (RFC 6749, section 4.4), anew at each call. */
export const clientCredentialsToken =
  (url: string, clientId: string, clientSecret: string, scope: string | null): (() => Promise<string>) =>
  async () => {
    const refused = (reason: string, cause?: unknown): MillraceError =>
      new MillraceError('KAFKA_AUTHENTICATION_FAILED', { server: url, mechanism: 'OAUTHBEARER', reason }, { cause });
    const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === null ? {} : { scope }) }),
      signal: AbortSignal.timeout(10_000),
    }).catch((error: unknown) => {
      throw refused((error as Error).message, error);
    });
    if (!answer.ok) throw refused(`HTTP ${answer.status}`);
    const { access_token: token } = (await answer.json()) as { readonly access_token?: string };
    if (token === undefined) throw refused('its answer holds no access_token');
    return token;
  };
