import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestOptions, request } from 'node:http';
import { userInfo } from 'node:os';
import { type ErrorCode, errorTable, MillraceError, type WordedError } from '../core/errors.ts';
import { apiToken } from './api-token.ts';
import type { CommandCall } from './command.ts';
import { chosenContext } from './contexts.ts';

// An `import` of node:http reads all its exports, WebSocket among them, and so loads undici: 60 ms of CPU for nothing.
const { request: httpRequest } = process.getBuiltinModule('node:http');

const defaultUrl = 'http://127.0.0.1:8765';
/** Setting offsets may wait for writes to end and read a binlog file. */
const withinMs = 120_000;

/** An error that the API answered with, as the API worded it. */
class RemoteError extends MillraceError {
  /** What the linter found, where a pipeline file was refused. */
  readonly diagnostics: readonly unknown[];

  constructor(code: ErrorCode, worded: WordedError, diagnostics: readonly unknown[]) {
    super(code, {} as never, { worded });
    this.diagnostics = diagnostics;
  }
}

interface AnsweredError extends WordedError {
  readonly code: string;
}

/** Asks a running millrace. Throws API_UNREACHABLE, API_ANSWER, and what millrace itself refuses with. */
export class ApiClient {
  readonly #url: URL;
  readonly #token: string | null;
  readonly #ca: string | null;

  constructor(call: CommandCall) {
    const named = call.text('api-url') ?? call.env['MILLRACE_API_URL'] ?? null;
    const context = named === null ? chosenContext(call.env) : null;
    const text = named ?? context?.url ?? defaultUrl;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new MillraceError('CLI_OPTION_VALUE', {
        option: '--api-url',
        reason: `${text} is no http or https address`,
      });
    }
    this.#url = url;
    // A context's token goes to that context's address and to no other.
    this.#token = apiToken(call) ?? context?.token ?? null;
    this.#ca = call.text('api-ca') ?? call.env['MILLRACE_API_CA'] ?? context?.ca ?? null;
  }

  async get<Result>(path: string): Promise<Result> {
    return (await this.#ask('GET', path, null)) as Result;
  }

  async send<Result>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: unknown = null): Promise<Result> {
    return (await this.#ask(method, path, body)) as Result;
  }

  /** The events of a stream, until it ends or `signal` aborts. Throws API_UNREACHABLE when it breaks. */
  async *events(path: string, signal: AbortSignal): AsyncGenerator<{ readonly type: string; readonly data: unknown }> {
    const response = await this.#open('GET', path, null, signal);
    const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
    if (response.statusCode !== 200 || !isStream) throw this.#refusal(response.statusCode ?? 0, await textOf(response));
    response.setEncoding('utf8');
    let text = '';
    try {
      for await (const chunk of response) {
        text += chunk as string;
        const ends = text.lastIndexOf('\n\n');
        if (ends < 0) continue;
        for (const block of text.slice(0, ends).split('\n\n')) {
          const type = /^event: (.*)$/m.exec(block)?.[1];
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (type !== undefined && data !== undefined) yield { type, data: JSON.parse(data) as unknown };
        }
        text = text.slice(ends + 2);
      }
    } catch (error) {
      if (!signal.aborted) throw this.#unreachable(error);
    }
  }

  async #ask(method: string, path: string, body: unknown): Promise<unknown> {
    const signal = AbortSignal.timeout(withinMs);
    const response = await this.#open(method, path, body, signal);
    let text: string;
    try {
      text = await textOf(response);
    } catch (error) {
      throw this.#unreachable(error);
    }
    const status = response.statusCode ?? 0;
    if (status !== 200 && status !== 201) throw this.#refusal(status, text);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new MillraceError('API_ANSWER', { url: this.#shownUrl(), status });
    }
  }

  async #open(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    const text = body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const base = this.#url.pathname.replace(/\/$/, '');
    const options: RequestOptions = {
      method,
      host: this.#url.hostname.replace(/[[\]]/g, ''),
      port: this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80),
      path: `${base}${path}`,
      signal,
      agent: false,
      headers: {
        'x-millrace-user': userName(),
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(method === 'GET' ? {} : { 'content-length': Buffer.byteLength(text) }),
      },
    };
    try {
      const send = this.#url.protocol === 'https:' ? this.#tlsRequest() : httpRequest;
      return await new Promise((resolve, reject) => {
        const sending = send(options, resolve);
        sending.on('error', reject);
        sending.end(text);
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #tlsRequest(): typeof request {
    const https = process.getBuiltinModule('node:https');
    const trusted = this.#ca === null ? {} : { ca: readFileSync(this.#ca) };
    return ((options: RequestOptions, onResponse: (response: IncomingMessage) => void) =>
      https.request({ ...options, ...trusted }, onResponse)) as typeof request;
  }

  #refusal(status: number, text: string): MillraceError {
    try {
      const { error, diagnostics = [] } = JSON.parse(text) as {
        error: AnsweredError;
        diagnostics?: readonly unknown[];
      };
      if (Object.hasOwn(errorTable, error.code)) return new RemoteError(error.code as ErrorCode, error, diagnostics);
    } catch {
      // Something else answers there: said below.
    }
    return new MillraceError('API_ANSWER', { url: this.#shownUrl(), status });
  }

  #unreachable(error: unknown): MillraceError {
    const { code, message, name } = error as NodeJS.ErrnoException;
    const reason = name === 'TimeoutError' ? `no answer within ${withinMs / 1000} s` : (code ?? message);
    return new MillraceError('API_UNREACHABLE', { url: this.#shownUrl(), reason }, { cause: error });
  }

  #shownUrl(): string {
    return this.#url.origin;
  }
}

const textOf = async (response: IncomingMessage): Promise<string> => {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
};

/** For the audit line: who says to ask. */
const userName = (): string => {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
};

export const pipelinePath = (name: string, more = ''): string => `/api/v1/pipelines/${encodeURIComponent(name)}${more}`;
