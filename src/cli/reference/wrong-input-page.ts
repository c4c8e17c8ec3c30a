import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ErrorCode } from '../../core/errors.ts';
import { errorPage } from '../error-page.ts';
import { answer } from '../run-command.ts';
import { openTerminal } from '../terminal.ts';
import { code, markdownTable } from './markdown.ts';

interface Walked {
  readonly what: string;
  readonly line: string;
}

/** Files that the lines below name. */
const files: Readonly<Record<string, string | Buffer>> = {
  'empty.yaml': '',
  'pod.yaml': 'apiVersion: v1\nkind: Pod\n',
  'picture.yaml': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0]),
  'half.yaml': 'source: {type: mysql, hostname: db1, password: hunter2-hunter2',
  'orders.yaml':
    'source: {type: mysql, hostname: 127.0.0.1, port: 1, username: millrace, tables: shop.orders, connect.timeout: 1s}\nsink: {type: file, path: orders.ndjson}\n',
};

const walked: readonly Walked[] = [
  { what: 'a command misspelt', line: 'rnu orders.yaml' },
  { what: 'half a command', line: 'offsets' },
  { what: 'an option misspelt', line: 'lint orders.yaml --deny-warning' },
  { what: 'no file', line: 'run' },
  { what: 'a file that is not there', line: 'run order.yaml' },
  { what: 'a folder instead of a file', line: 'run pipelines' },
  { what: 'an empty file', line: 'run empty.yaml' },
  { what: 'a file of something else', line: 'run pod.yaml' },
  { what: 'a picture', line: 'run picture.yaml' },
  { what: 'a file that breaks off; the password in it is not shown', line: 'run half.yaml' },
  { what: 'a server that is away', line: 'doctor orders.yaml' },
  { what: 'a connection that cannot be', line: 'doctor --conn postgres://db1/' },
  { what: 'a pipeline without a place for refused rows', line: 'dlq list orders.yaml' },
  { what: 'nobody answers at the address', line: 'status --api-url http://127.0.0.1:1' },
  { what: 'no address', line: 'status --api-url db1' },
  { what: 'something that cannot be undone, where nobody can be asked', line: 'offsets reset orders' },
  { what: 'a condition that is none', line: 'wait orders --for happy' },
  { what: 'another tool’s file that is none', line: 'convert maxwell pod.yaml' },
  { what: 'no binlog', line: 'binlog dump pod.yaml' },
  { what: 'a code misspelt', line: 'explain MYSQL_BINLOG_PURGD' },
  { what: 'for a program', line: 'run order.yaml -o json' },
];

/** What a server or a request can be, with what is said to it. Each is met by a test on the real thing. */
const met: readonly (readonly [
  area: string,
  left: string,
  cases: readonly (readonly [what: string, code: ErrorCode])[],
])[] = [
  [
    'The MySQL server',
    'Each was met on real servers, and left the sink and its position where they were.',
    [
      ['a wrong password', 'MYSQL_ACCESS_DENIED'],
      ['a host or port where nothing answers', 'NET_UNREACHABLE'],
      ['no REPLICATION SLAVE, no REPLICATION CLIENT, no SELECT on one table', 'MYSQL_MISSING_GRANT'],
      ['no binlog', 'MYSQL_BINLOG_OFF'],
      ['`binlog_format` STATEMENT', 'MYSQL_BINLOG_FORMAT'],
      ['`binlog_row_image` MINIMAL', 'MYSQL_ROW_IMAGE'],
      ['the place where the sink stands has been purged', 'MYSQL_BINLOG_PURGED'],
      ['a start in a file that the server does not have', 'MYSQL_POSITION'],
      ['the same pipeline started twice', 'SINK_FENCED'],
    ],
  ],
  [
    'The HTTP API',
    'Each was sent to a running server, and changed nothing.',
    [
      ['no token', 'API_TOKEN_MISSING'],
      ['a wrong token', 'API_TOKEN_WRONG'],
      ['`--listen` off loopback without a token', 'API_LISTEN_OPEN'],
      ['a body that is no JSON, or not what the path takes', 'API_BAD_JSON'],
      ['a body that is too large', 'API_BODY_TOO_LARGE'],
      ['an unknown path', 'API_NOT_FOUND'],
      ['a wrong method', 'API_METHOD'],
      ['an unknown pipeline', 'API_UNKNOWN_PIPELINE'],
      ['a file with an error, put by the API', 'API_FILE_WRONG'],
      ['a page of another origin, or one whose name was pointed here', 'API_FOREIGN_ORIGIN'],
    ],
  ],
];

/** docs/wrong-input.md: what is said to a new user's mistakes, from real runs where no server is needed. */
export const wrongInputPage = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-wrong-'));
  const before = process.cwd();
  try {
    mkdirSync(join(folder, 'pipelines'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    process.chdir(folder);
    const runs: string[] = [];
    for (const each of walked) runs.push(await section(each));
    return [
      '# Wrong input, and what is said to it',
      '',
      'Every command was walked through what a new user gets wrong. The runs below are real, made by `npm run docs`; a test walks the whole table of',
      'commands in the same way, so that a new command cannot leave out what holds for all: a documented exit code, a code with its remedy, the file or',
      'address by name, the same as JSON with `-o json`, and neither secrets nor stack traces. Mistakes inside pipeline files have a page of their own:',
      '[config-mistakes.md](config-mistakes.md).',
      '',
      ...runs,
      ...met.flatMap(([area, left, cases]) => [
        `## ${area}`,
        '',
        left,
        '',
        markdownTable(
          ['what', 'code', 'message', 'what to do'],
          cases.map(([what, name]) => {
            const { message, hint } = errorPage(name);
            return [what, `[${name}](errors.md#${name.toLowerCase()})`, code(message), hint];
          }),
        ),
        '',
      ]),
    ].join('\n');
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
};

const section = async ({ what, line }: Walked): Promise<string> => {
  const said = { text: '' };
  const output = new PassThrough();
  output.setEncoding('utf8').on('data', (text: string) => {
    said.text += text;
  });
  const env = { HOME: '/nowhere' };
  const exit = await answer(line.split(' '), { terminal: openTerminal(output, output, { off: true, env }), env });
  await new Promise((resolve) => setImmediate(resolve));
  return [`**${what}**: exit code ${exit}`, '', '```', `$ millrace ${line}`, said.text.trimEnd(), '```', ''].join('\n');
};
