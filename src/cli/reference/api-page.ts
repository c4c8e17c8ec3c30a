import { routes } from '../../server/routes.ts';
import { code, markdownTable } from './markdown.ts';

/** docs/api.md: every path of the HTTP API. */
export const httpApiPage = (): string =>
  [
    '# HTTP API',
    '',
    'Made from the table of routes by `npm run docs`. A running millrace gives the same as an OpenAPI 3.1 document at `/api/openapi.json`, and as a page at `/api`.',
    '',
    '* It listens on loopback. Off loopback it starts only with a token, which callers show as `Authorization: Bearer TOKEN`, and clients of Kafka Connect also as the password of Basic authentication.',
    '* Every error is JSON, `{"error": {"code", "detail", "remedy", "retryable", "docs"}}`, and a request that got one changed nothing. Under the paths of Kafka Connect (`/connectors` and its like; [guide](guides/kafka-connect.md)) it is `{"error_code", "message"}`.',
    '* Bodies are JSON of at most 64 KiB, or a pipeline file of at most 1 MiB.',
    '* There is no CORS: pages of other sites cannot use it, nor can a page whose name was pointed at its address.',
    '* Every change writes one line to the log: who, what, from, to. `X-Millrace-User` adds who says to have asked.',
    '',
    markdownTable(
      ['method', 'path', 'what it does', 'answers'],
      routes.map(({ method, path, summary, answers }) => [method, code(path), summary, answers]),
    ),
    '',
    '## Queries',
    '',
    markdownTable(
      ['path', 'parameter', ''],
      routes.flatMap(({ path, query = {} }) =>
        Object.entries(query).map(([name, description]) => [code(path), code(name), description]),
      ),
    ),
    '',
  ].join('\n');
