import { z } from 'zod';
import { isConnectPath } from './refusal.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';

/** The OpenAPI 3.1 document of the API, made from the table of routes. */
export const openApiDocument = (version: string): unknown => {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'millrace',
      version,
      description:
        'Operates pipelines. Every error is `{"error": {"code", "detail", "remedy", "retryable", "docs"}}`; under the paths of Kafka Connect it is `{"error_code", "message"}`.',
    },
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: errorSchema, ConnectError: connectErrorSchema },
    },
    security: [{ token: [] }, {}],
  };
};

const text = { type: 'string' };
const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'detail', 'remedy', 'retryable', 'docs'],
      properties: { code: text, detail: text, remedy: text, retryable: { type: 'boolean' }, docs: text },
    },
  },
};

const connectErrorSchema = {
  type: 'object',
  required: ['error_code', 'message'],
  properties: { error_code: { type: 'integer' }, message: text },
};

const operation = (route: Route): unknown => ({
  summary: route.summary,
  operationId: `${route.method.toLowerCase()}${route.path.replace(/[^A-Za-z]+([a-z]?)/g, (_, letter: string) => letter.toUpperCase())}`,
  parameters: [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: text })),
    ...Object.entries(route.query ?? {}).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: text,
    })),
  ],
  ...(route.body === undefined ? {} : { requestBody: { required: true, content: content(route.body) } }),
  responses: {
    200: { description: route.answers },
    default: {
      description: 'An error; nothing was changed.',
      content: {
        'application/json': {
          schema: { $ref: `#/components/schemas/${isConnectPath(route.path) ? 'ConnectError' : 'Error'}` },
        },
      },
    },
  },
});

const content = (body: NonNullable<Route['body']>): unknown =>
  body === 'pipeline file'
    ? { 'application/yaml': { schema: text } }
    : { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } };

const html = (words: string): string =>
  words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]*)`/g, '<code>$1</code>');

/** The same for a person with a browser. No scripts, nothing from elsewhere. */
export const apiPage = (version: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>millrace API</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}
code{font-size:.9em}</style>
<h1>millrace ${html(version)}</h1>
<p>The document for programs is <a href="/api/openapi.json">/api/openapi.json</a>. Every error is JSON with a code and a remedy.</p>
<table><tr><th>method<th>path<th>what it does<th>answers</tr>
${routes.map(({ method, path, summary, answers }) => `<tr><td>${method}<td><code>${html(path)}</code><td>${html(summary)}<td>${html(answers)}</tr>`).join('\n')}
</table></html>
`;
