import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request to Flink, and what it answered. */
export interface Exchange {
  readonly role: 'gateway' | 'rest';
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

export interface FlinkAddresses extends AsyncDisposable {
  readonly gateway: string;
  readonly rest: string;
}

/** Hands requests on to a real cluster, and keeps what it answers. */
export const recordFlink = async (
  to: { readonly gateway: string; readonly rest: string },
  exchanges: Exchange[],
): Promise<FlinkAddresses> =>
  await serve(async (role, method, path, body) => {
    const answer = await fetch(`${to[role]}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
    const text = await answer.text();
    const exchange: Exchange = {
      role,
      method,
      path,
      status: answer.status,
      body: text === '' ? null : JSON.parse(text),
    };
    exchanges.push(exchange);
    return exchange;
  });

/** Answers as the recording does: each request what it got when it was made for the same time, and the last answer from then on. */
export const replayFlink = async (exchanges: readonly Exchange[]): Promise<FlinkAddresses> => {
  const queues = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const key = `${exchange.role} ${exchange.method} ${exchange.path}`;
    queues.set(key, [...(queues.get(key) ?? []), exchange]);
  }
  return await serve(async (role, method, path) => {
    const queue = queues.get(`${role} ${method} ${path}`);
    if (queue === undefined)
      return { role, method, path, status: 404, body: { errors: [`not recorded: ${method} ${path}`] } };
    return queue.length > 1 ? queue.shift()! : queue[0]!;
  });
};

type Answer = (role: Exchange['role'], method: string, path: string, body: string) => Promise<Exchange>;

const serve = async (answer: Answer): Promise<FlinkAddresses> => {
  const servers = { gateway: listen('gateway', answer), rest: listen('rest', answer) };
  await Promise.all([once(servers.gateway, 'listening'), once(servers.rest, 'listening')]);
  return {
    gateway: urlOf(servers.gateway),
    rest: urlOf(servers.rest),
    [Symbol.asyncDispose]: async () => {
      for (const server of Object.values(servers)) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
};

const listen = (role: Exchange['role'], answer: Answer): Server =>
  createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const exchange = await answer(role, request.method!, request.url!, body);
    response.writeHead(exchange.status, { 'content-type': 'application/json' });
    response.end(exchange.body === null ? '' : JSON.stringify(exchange.body));
  }).listen(0, '127.0.0.1');

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
