import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Access, type Listen, listenText } from './access.ts';
import type { Fleet } from './fleet.ts';
import { apiPage, openApiDocument } from './openapi.ts';
import { isConnectPath, refusal } from './refusal.ts';
import { readBody, readJson } from './request-body.ts';
import type { Answer, Route } from './route.ts';
import { routes } from './routes.ts';

export interface ApiOptions {
  readonly fleet: Fleet;
  readonly listen: Listen;
  /** Null: everybody on this machine may use the API. */
  readonly token: string | null;
  /** PEM files; null: plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly allowTail: boolean;
  /** Gets one line per mutation. */
  readonly log: Log;
  readonly version: string;
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
}

/** No body is larger than a pipeline file may be; those that hold JSON are small. */
const mostFileBytes = 1_048_576;
const mostJsonBytes = 65_536;
const mostConnections = 256;

/** Listens. Throws API_LISTEN_OPEN and API_LISTEN_FAILED. */
export const openApiServer = async (options: ApiOptions): Promise<ApiServer> => {
  const { listen, token, tls } = options;
  const access = new Access(listen, token);
  const onRequest: RequestListener = (request, response) => void answerRequest(options, access, request, response);
  const limits = { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 };
  let server: Server;
  try {
    server = tls
      ? createTlsServer({ ...limits, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, onRequest)
      : createServer(limits, onRequest);
    server.maxConnections = mostConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen.port, listen.host, () => resolve());
    });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new MillraceError('API_LISTEN_FAILED', { listen: listenText(listen), reason }, { cause: error });
  }
  const { port } = server.address() as { readonly port: number };
  return {
    url: `${tls ? 'https' : 'http'}://${listenText({ host: listen.host, port })}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
};

const answerRequest = async (
  options: ApiOptions,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  let answer: Answer;
  try {
    answer = await answerOf(options, access, request, response);
  } catch (error) {
    answer = refusal(error, request.url ?? '/', options.log);
    // What is left of a body that was refused is not read.
    if (!request.complete) response.setHeader('connection', 'close');
  }
  if (answer.kind === 'taken' || response.destroyed) return;
  const { status } = answer;
  const [type, body] = contentOf(answer);
  response.writeHead(status, {
    ...(type === null ? {} : { 'content-type': type }),
    // An answer of this status has no body, so nothing says how long it is.
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...(answer.kind === 'json' && answer.location !== undefined ? { location: answer.location } : {}),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="millrace"' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
};

const contentOf = (answer: Exclude<Answer, { kind: 'taken' }>): readonly [type: string | null, body: string] => {
  if (answer.kind === 'empty') return [null, ''];
  if (answer.kind === 'text') return [answer.type, answer.body];
  return ['application/json; charset=utf-8', `${JSON.stringify(answer.body)}\n`];
};

const answerOf = async (
  options: ApiOptions,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Answer> => {
  const { fleet, allowTail, version, log } = options;
  access.checkBrowser(request);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const path = pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname;
  const [route, words] = findRoute(request.method === 'HEAD' ? 'GET' : (request.method ?? ''), path);
  const { name = '' } = words;
  const known = isKnown(access, request, route);
  if (route === null) {
    return path === '/api/openapi.json'
      ? { kind: 'json', status: 200, body: openApiDocument(version) }
      : { kind: 'text', status: 200, type: 'text/html; charset=utf-8', body: apiPage(version) };
  }
  const body = await bodyOf(route, request);
  return await route.handle({
    fleet,
    request,
    response,
    query: searchParams,
    name,
    words,
    body,
    allowTail,
    version,
    known,
    changed: (from, to) => {
      const who = `${request.socket.remoteAddress ?? 'unknown'}${access.wantsToken ? ' (token)' : ''}`;
      const by = String(request.headers['x-millrace-user'] ?? '')
        .replace(/[^\w@.-]/g, '')
        .slice(0, 64);
      const line = { who, by: by || null, action: `${route.method} ${route.path}`, pipeline: name, from, to };
      log.info('changed by the API', line);
      fleet.events.publish('audit', line);
    },
  });
};

const pages: readonly string[] = ['/api', '/api/openapi.json'];

/** What stands for the words in braces of a route's path. */
type PathWords = Readonly<Record<string, string>>;

/** The route, and what its path names; no route: one of the pages. Throws API_NOT_FOUND and API_METHOD. */
const findRoute = (method: string, path: string): readonly [Route | null, PathWords] => {
  if (pages.includes(path) && method === 'GET') return [null, {}];
  const allowed: string[] = pages.includes(path) ? ['GET'] : [];
  for (const route of routes) {
    const words = matchPath(route.path, path);
    if (words === null) continue;
    if (route.method === method) return [route, words];
    allowed.push(route.method);
  }
  const shown = path.slice(0, 200);
  if (allowed.length === 0) throw new MillraceError('API_NOT_FOUND', { path: shown });
  throw new MillraceError('API_METHOD', { method, path: shown, allowed: allowed.join(', ') });
};

/** What stands for each word in braces; null: the path is another. */
const matchPath = (pattern: string, path: string): PathWords | null => {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const words: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith('{')) {
      try {
        words[part.slice(1, -1)] = decodeURIComponent(given[index]!);
      } catch {
        return null;
      }
    } else if (part !== given[index]) return null;
  }
  return words;
};

const isKnown = (access: Access, request: IncomingMessage, route: Route | null): boolean => {
  try {
    access.checkToken(request, route !== null && isConnectPath(route.path));
    return true;
  } catch (error) {
    if (route?.open !== true) throw error;
    return false;
  }
};

const bodyOf = async ({ body }: Route, request: IncomingMessage): Promise<unknown> => {
  if (body === undefined) return null;
  if (body === 'pipeline file') return await readBody(request, mostFileBytes);
  const parsed = body.safeParse(await readJson(request, mostJsonBytes));
  if (parsed.success) return parsed.data;
  throw new MillraceError('API_BAD_JSON', {
    reason: z.prettifyError(parsed.error).replace(/\s+/g, ' ').replaceAll('✖ ', '').slice(0, 500),
  });
};
