import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { z } from 'zod';
import { errorObject } from '../core/error-object.ts';
import { isMillraceError, MillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { Access, type Listen, listenText } from './access.ts';
import type { Fleet } from './fleet.ts';
import { apiPage, openApiDocument } from './openapi.ts';
import { RefusedFile } from './refused-file.ts';
import { readBody, readJson } from './request-body.ts';
import { type Answer, type Route, routes } from './routes.ts';

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
    answer = refusal(error, options.log);
    // What is left of a body that was refused is not read.
    if (!request.complete) response.setHeader('connection', 'close');
  }
  if (answer.kind === 'taken' || response.destroyed) return;
  const { status } = answer;
  const [type, body] =
    answer.kind === 'json'
      ? ['application/json; charset=utf-8', `${JSON.stringify(answer.body)}\n`]
      : [answer.type, answer.body];
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="millrace"' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
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
  const [route, name] = findRoute(request.method === 'HEAD' ? 'GET' : (request.method ?? ''), path);
  const known = isKnown(access, request, route?.open === true);
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

/** The route and the pipeline that the path names; no route: one of the pages. Throws API_NOT_FOUND and API_METHOD. */
const findRoute = (method: string, path: string): readonly [Route | null, string] => {
  if (pages.includes(path) && method === 'GET') return [null, ''];
  const allowed: string[] = pages.includes(path) ? ['GET'] : [];
  for (const route of routes) {
    const name = matchPath(route.path, path);
    if (name === null) continue;
    if (route.method === method) return [route, name];
    allowed.push(route.method);
  }
  const shown = path.slice(0, 200);
  if (allowed.length === 0) throw new MillraceError('API_NOT_FOUND', { path: shown });
  throw new MillraceError('API_METHOD', { method, path: shown, allowed: allowed.join(', ') });
};

/** What stands for `{name}`; '' where the pattern has none; null: the path is another. */
const matchPath = (pattern: string, path: string): string | null => {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  let name = '';
  for (const [index, part] of wanted.entries()) {
    if (part === '{name}') {
      try {
        name = decodeURIComponent(given[index]!);
      } catch {
        return null;
      }
    } else if (part !== given[index]) return null;
  }
  return name;
};

const isKnown = (access: Access, request: IncomingMessage, open: boolean): boolean => {
  try {
    access.checkToken(request);
    return true;
  } catch (error) {
    if (!open) throw error;
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

const statuses: Readonly<Record<string, number>> = {
  API_BAD_JSON: 400,
  API_TOKEN_MISSING: 401,
  API_TOKEN_WRONG: 401,
  API_FOREIGN_HOST: 403,
  API_FOREIGN_ORIGIN: 403,
  API_TAIL_OFF: 403,
  API_NOT_FOUND: 404,
  API_UNKNOWN_PIPELINE: 404,
  SNAPSHOT_UNKNOWN_TABLE: 404,
  API_METHOD: 405,
  API_BODY_SLOW: 408,
  API_PIPELINE_STATE: 409,
  API_NAME_TAKEN: 409,
  OFFSETS_UNSUPPORTED: 409,
  SNAPSHOT_UNSUPPORTED: 409,
  API_BODY_TOO_LARGE: 413,
  API_FILE_WRONG: 422,
  MYSQL_POSITION: 422,
  MYSQL_GTID_OFF: 422,
  GTID_SET_MALFORMED: 422,
  API_NOT_SUPPORTED: 501,
  SERVE_CHILD_SILENT: 503,
  SERVE_CHILD_ENDED: 503,
};

const refusal = (error: unknown, log: Log): Answer => {
  if (isMillraceError(error)) {
    const status = statuses[error.code] ?? (error.code.startsWith('CONFIG_') ? 422 : 500);
    const diagnostics = error instanceof RefusedFile ? { diagnostics: error.diagnostics } : {};
    return { kind: 'json', status, body: { error: errorObject(error), ...diagnostics } };
  }
  log.error('the API met an internal error', { error: (error as Error).stack ?? String(error) });
  const detail = 'internal error; the log has more';
  const body = {
    error: { code: 'INTERNAL', detail, remedy: 'Please report it.', retryable: false, docs: 'docs/errors.md' },
  };
  return { kind: 'json', status: 500, body };
};
