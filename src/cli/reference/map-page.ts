import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const docs = new URL('../../../docs/', import.meta.url);

interface Kind {
  readonly title: string;
  readonly what: string;
  /** Pages that go first, in the order in which they are best read. */
  readonly first: readonly string[];
  /** Then, by name, the pages that match these. */
  readonly rest: readonly string[];
}

/** The four kinds of Diataxis, runbooks, and what is for those who work on millrace. A page stands under the first kind that takes it. */
const kinds: readonly Kind[] = [
  { title: 'Tutorial', what: 'To learn it by doing, in this order.', first: [], rest: ['tutorial/*.md'] },
  {
    title: 'Guides',
    what: 'One task each.',
    first: [
      'guides/mysql-to-kafka.md',
      'guides/mysql-to-mysql.md',
      'guides/add-a-table.md',
      'guides/change-a-table.md',
      'guides/read-a-table-again.md',
      'guides/exactly-once.md',
      'guides/verify.md',
      'guides/move-to-another-server.md',
      'guides/secrets-and-tls.md',
      'guides/operate.md',
      'guides/upgrade.md',
    ],
    rest: ['guides/*.md'],
  },
  {
    title: 'When something is wrong',
    what: 'Start at the first.',
    first: ['troubleshooting.md'],
    rest: ['runbooks/*.md'],
  },
  {
    title: 'Reference',
    what: 'To look things up; most of it is made from the code, and a test fails where it differs.',
    first: ['config.md', 'cli.md', 'errors.md', 'GUARANTEES.md'],
    rest: ['connectors/*.md', 'sql/*.md', 'config-mistakes.md', 'wrong-input.md'],
  },
  {
    title: 'Explanation',
    what: 'To understand why.',
    first: ['explanation/four-speeds.md', 'explanation/clocks-and-lag.md', 'explanation/limits.md', 'comparison.md'],
    rest: ['explanation/*.md', 'benchmarks.md', 'GLOSSARY.md'],
  },
  {
    title: 'How it is built',
    what: 'For those who read or change the code.',
    first: ['ARCHITECTURE.md'],
    rest: ['decisions/*.md', 'protocols/*.md'],
  },
];

/**
 * The map of all pages, by what a reader is after. A page that no kind names ends up in the reference, so that none is left out
 * when it is written.
 */
export const mapPage = (): string => {
  const left = new Set(
    globSync('**/*.md', { cwd: fileURLToPath(docs) })
      .map((page) => page.replaceAll('\\', '/'))
      .filter((page) => page !== 'README.md')
      .sort(),
  );
  const take = (pages: readonly string[]): readonly string[] => pages.filter((page) => left.delete(page));
  const matching = (pattern: string): readonly string[] =>
    [...left].filter((page) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(page));
  const named = kinds.map(({ first, rest }, at) => {
    const pages = [...take(first)];
    for (const pattern of rest) pages.push(...take(matching(pattern)));
    return { kind: kinds[at]!, pages };
  });
  const reference = named.find(({ kind }) => kind.title === 'Reference')!;
  reference.pages.push(...take([...left]));
  const sections = named
    .filter(({ pages }) => pages.length > 0)
    .map(({ kind, pages }) => `## ${kind.title}\n\n${kind.what}\n\n${pages.map(line).join('\n')}`);
  return `${[head, ...sections].join('\n\n')}\n`;
};

const head = `# Documentation

Made from the pages' own headings by \`npm run docs\`. Their words are those of the [glossary](GLOSSARY.md). Offline, \`millrace explain CODE\` and
\`millrace COMMAND --help\` say what is said here.`;

const line = (page: string): string => {
  const title = readFileSync(new URL(page, docs), 'utf8').match(/^# (.*)$/m)?.[1];
  if (title === undefined) throw new Error(`docs/${page} has no heading`);
  const folder = dirname(page);
  return `* [${title}](${page})${folder === 'zh-CN' ? ' (中文)' : ''}`;
};
