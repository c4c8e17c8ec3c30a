import { type ErrorCode, MillraceError } from '../../core/errors.ts';
import { type ErrorPage, errorCodes, errorPage } from '../error-page.ts';
import { exitCodeOf } from '../exit-code.ts';
import { type Language, localTexts } from '../locale/language.ts';
import { code, markdownTable } from './markdown.ts';

interface PageWords {
  readonly title: string;
  readonly intro: readonly string[];
  readonly head: readonly [code: string, message: string];
  readonly retryable: string;
  readonly notRetryable: (exit: number) => string;
  readonly areas: Readonly<Record<string, string>>;
}

const english: PageWords = {
  title: '# Error codes',
  intro: [
    'Made from the table in `src/core/error-codes/` by `npm run docs`. A code keeps its meaning for ever; a new meaning gets a new code.',
    '`millrace explain CODE` prints the same offline. Details in a message stand here as `<name>`.',
  ],
  head: ['code', 'message'],
  retryable: 'Retryable: millrace tries again by itself.',
  notRetryable: (exit) => `Not retryable. Exit code ${exit}.`,
  areas: {
    BINLOG: 'reading binlog events',
    BYTES: 'reading bytes',
    CLI: 'the command line',
    CONFIG: 'pipeline files',
    NET: 'connections',
  },
};

const chinese: PageWords = {
  title: '# 错误码',
  intro: [
    '由 `npm run docs` 根据 `src/core/error-codes/` 和 `src/cli/locale/` 中的表生成。错误码的含义永不改变；新的含义使用新的错误码。',
    '`millrace explain CODE --lang zh-CN` 可离线打印同样内容。消息中的细节在此写作 `<name>`。[English](../errors.md)',
  ],
  head: ['错误码', '消息'],
  retryable: '可重试：millrace 会自动重试。',
  notRetryable: (exit) => `不可重试。退出码 ${exit}。`,
  areas: {
    BINLOG: '读取 binlog 事件',
    BYTES: '读取字节',
    CLI: '命令行',
    CONFIG: '管道文件',
    NET: '连接',
  },
};

/** docs/errors.md, and docs/zh-CN/errors.md: every code with its message, what to do, and whether millrace tries again. */
export const errorsPage = (language: Language = 'en'): string => {
  const words = language === 'en' ? english : chinese;
  const pageOf = (errorCode: ErrorCode): ErrorPage => ({ ...errorPage(errorCode), ...localTexts(errorCode, language) });
  const byArea = Map.groupBy(errorCodes, (errorCode) => errorCode.slice(0, errorCode.indexOf('_')));
  const sections = [...byArea].flatMap(([area, codes]) => [
    ...(words.areas[area] ? [`## ${area}: ${words.areas[area]}`] : [`## ${area}`]),
    ...codes.map((errorCode) => {
      const { message, retryable, hint } = pageOf(errorCode);
      const exit = exitCodeOf(Object.assign(Object.create(MillraceError.prototype), { code: errorCode }));
      return [
        `### ${errorCode}`,
        '',
        `> ${escaped(message)}`,
        '',
        escaped(hint),
        '',
        retryable ? words.retryable : words.notRetryable(exit),
      ].join('\n');
    }),
  ]);
  return [
    words.title,
    '',
    ...words.intro,
    '',
    markdownTable(
      words.head,
      errorCodes.map((errorCode) => [
        `[${errorCode}](#${errorCode.toLowerCase()})`,
        escaped(pageOf(errorCode).message),
      ]),
    ),
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
};

/** `<name>` outside code would be taken for HTML. */
const escaped = (text: string): string =>
  text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/<([\w. ]+)>/g, (found) => code(found))))
    .join('');
