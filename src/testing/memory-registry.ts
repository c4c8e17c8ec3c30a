import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A schema registry that takes every schema, gives equal ones one id, and keeps them in memory. */
export const memoryRegistry = async () => {
  const schemas: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const answer = (status: number, value: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const asked = /^\/schemas\/ids\/(\d+)$/.exec(request.url!)?.[1];
    if (asked !== undefined) {
      const schema = schemas[Number(asked) - 1];
      return schema === undefined ? answer(404, { error_code: 40403, message: 'not found' }) : answer(200, { schema });
    }
    const { schema } = JSON.parse(body) as { readonly schema: string };
    if (!schemas.includes(schema)) schemas.push(schema);
    return answer(200, { id: schemas.indexOf(schema) + 1 });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
