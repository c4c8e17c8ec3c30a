/** What is written by hand does not rot: links lead somewhere, every page can be found, every pipeline shown is one. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const posix = (path: string): string => path.replaceAll('\\', '/');
const pages: ReadonlyMap<string, string> = new Map(
  ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'deploy/**/*.md', 'bench/**/*.md', 'src/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((path) => [posix(path), readFileSync(join(root, path), 'utf8')]),
);

/** A page without the blocks that show something as it is. A link's own words may stand in backquotes, so those stay. */
const withoutBlocks = (text: string): string => text.replaceAll(/^( *)(```+).*?^\1\2$/gms, '');

interface Link {
  readonly text: string;
  /** From the root; empty for the page itself. */
  readonly path: string;
  readonly anchor: string;
}

const linksOf = (page: string, text: string): readonly Link[] =>
  Array.from(withoutBlocks(text).matchAll(/\]\(([^()\s]+)\)/g), (match) => match[1]!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', anchor = ''] = link.split('#');
      return { text: link, path: path === '' ? page : posix(normalize(join(dirname(page), decodeURI(path)))), anchor };
    });

/** The anchors that GitHub makes of a page's headings. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const found = new Map<string, number>();
  const anchors = new Set(Array.from(text.matchAll(/<a (?:id|name)="([^"]+)"/g), (match) => match[1]!));
  for (const [, heading] of withoutBlocks(text).matchAll(/^#{1,6} +(.*?)\s*$/gm)) {
    const words = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
    const anchor = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = found.get(anchor) ?? 0;
    found.set(anchor, times + 1);
    anchors.add(times === 0 ? anchor : `${anchor}-${times}`);
  }
  return anchors;
};

/** Links of a set of pages that lead nowhere, as sentences. */
const brokenLinks = (all: ReadonlyMap<string, string>, exists: (path: string) => boolean): readonly string[] =>
  [...all].flatMap(([page, text]) =>
    linksOf(page, text).flatMap(({ text: link, path, anchor }) => {
      const target = all.get(path);
      if (target === undefined && !exists(path)) return [`${page}: ${link} is not there`];
      return anchor !== '' && target !== undefined && !anchorsOf(target).has(anchor)
        ? [`${page}: ${link} has no such heading`]
        : [];
    }),
  );

test('every link from one page to another, to a heading or to a file leads somewhere', () => {
  assert.deepEqual(
    brokenLinks(pages, (path) => existsSync(join(root, path))),
    [],
  );
});

test('a link to a page, heading or file that is not there would be found', () => {
  const planted = new Map([
    [
      'README.md',
      '# One `two`, three\n[a](docs/a.md#b-b) [self](#one-two-three) [none](#none)\n```\n[shown](no.md)\n```\n',
    ],
    [
      'docs/a.md',
      '# A\n## B b\n## B b\n[up](../README.md) [second](a.md#b-b-1) [gone](gone.md) [web](https://a.example/x.md)',
    ],
  ]);
  assert.deepEqual(
    brokenLinks(planted, () => false),
    ['README.md: #none has no such heading', 'docs/a.md: gone.md is not there'],
  );
});

test('every page under docs/ can be found from docs/README.md, and that from README.md', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    const text = pages.get(page);
    if (text === undefined || reached.has(page)) return;
    reached.add(page);
    for (const { path } of linksOf(page, text)) visit(path);
  };
  visit('docs/README.md');
  assert.deepEqual(
    [...pages.keys()].filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
  assert.ok(linksOf('README.md', pages.get('README.md')!).some(({ path }) => path === 'docs/README.md'));
});

test('pages name only commands and error codes that there are', () => {
  const errors = pages.get('docs/errors.md')!;
  const events = pages.get('docs/log-events.md')!;
  const commands = pages.get('docs/cli.md')!;
  const wrong: string[] = [];
  const variables = new Set(
    [...pages.values()].flatMap((text) =>
      Array.from(text.matchAll(/\$\{([A-Z_0-9]+)|\b([A-Z_0-9]+)=/g), (match) => match[1] ?? match[2]!),
    ),
  );
  for (const [page, text] of pages) {
    // The page of wrong input misspells on purpose.
    const exempt = page.startsWith('src/') || page === 'docs/wrong-input.md';
    if (/(?:^|\/)(?:testdata|zh-CN|decisions)\//.test(page) || exempt) continue;
    for (const [, code] of text.matchAll(/millrace explain ([A-Z][A-Z_0-9]+)\b/g))
      if (code !== 'CODE' && !errors.includes(`## ${code}\n`)) wrong.push(`${page}: ${code} is no error code`);
    // In backquotes stand codes of errors and of log events, and variables; a variable is told by being read somewhere.
    for (const [, code, area] of text.matchAll(/`(([A-Z]+)_[A-Z_0-9]+)`/g))
      if (
        errors.includes(`(#${area!.toLowerCase()}_`) &&
        !errors.includes(`## ${code}\n`) &&
        !variables.has(code!) &&
        !events.includes(`\`${code}\``)
      )
        wrong.push(`${page}: ${code} is no code and no variable`);
    const shownAsItIs = [...text.matchAll(/^( *)(```+).*?^\1\2$/gms)].map(([block]) => block).join('\n');
    const named = [
      ...shownAsItIs.matchAll(/^(?:\$ )?millrace ([a-z][a-z-]+)/gm),
      ...text.matchAll(/`millrace ([a-z][a-z-]+)/g),
    ];
    for (const [, command] of named)
      if (!commands.includes(`\n## millrace ${command}`)) wrong.push(`${page}: there is no command ${command}`);
  }
  assert.deepEqual(wrong, []);
});

/** What a part of a file that is shown alone needs to be a whole one. */
const standIns = {
  source: { type: 'mysql', hostname: 'db1', username: 'millrace', tables: 'shop.\\.*' },
  sink: { type: 'blackhole' },
};

const shown = [...pages]
  .filter(([page]) => !page.includes('/testdata/'))
  .flatMap(([page, text]) =>
    Array.from(text.matchAll(/^( *)```yaml\n(.*?)^ *```/gms), (match, at) => {
      const document = parseDocument(match[2]!.replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''));
      return { name: `${page} (${at + 1})`, document };
    }),
  )
  .filter(({ document }) =>
    ['source', 'sink', 'pipelines', 'route', 'pipeline', 'transform', 'process', 'server'].some((key) =>
      document.has(key),
    ),
  );

describe('every pipeline that a page shows, or part of one, lints', () => {
  for (const { name, document } of shown) {
    test(name, async () => {
      assert.deepEqual(document.errors, []);
      if (!document.has('pipelines') && !document.has('sql')) {
        for (const [key, standIn] of Object.entries(standIns)) {
          const section = document.get(key);
          if (section === undefined) document.set(key, standIn);
          else if (
            !document.hasIn([key, 'type']) &&
            !Array.isArray(document.toJS()[key]) &&
            !document.hasIn([key, 'use'])
          )
            for (const [setting, value] of Object.entries(standIn))
              if (!document.hasIn([key, setting])) document.setIn([key, setting], value);
        }
      }
      // Whatever a page names, so that what is meant for the reader's environment is there.
      const env = new Proxy<Record<string, string>>(
        {},
        { get: (_, variable) => (/PORT/.test(String(variable)) ? '3306' : 'x') },
      );
      const { diagnostics } = await loadPipelineFile(join(root, 'docs', 'shown.yaml'), {
        env,
        overrides: [],
        version: '0',
        connectors,
        readText: (path) => (path.endsWith('shown.yaml') ? document.toString() : 'x'),
      });
      assert.deepEqual(
        diagnostics.map(({ error }) => error.message),
        [],
      );
    });
  }
});

test('there are pages and pipelines to look at', () => {
  assert.ok(pages.size > 20 && shown.length > 5, `${pages.size} pages, ${shown.length} pipelines`);
});
