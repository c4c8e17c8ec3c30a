/**
 * Holds the folder table of docs/ARCHITECTURE.md: what each folder under src/ may import, which are pure, and how files are
 * called. An allow-list: what it does not name is refused, and so is a folder without a row.
 */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

interface FolderRule {
  /** Folders it may import besides itself. */
  readonly imports: readonly string[];
  /** Packages it may import beside Node's modules. */
  readonly packages?: readonly string[];
  /** No sockets, files, timers or clock. */
  readonly pure?: true;
  /** Its subfolders never import one another. */
  readonly apart?: true;
}

const everything = [
  'core',
  'bytes',
  'protocol',
  'formats',
  'net',
  'sql',
  'operators',
  'connectors',
  'state',
  'pipeline',
  'verify',
  'cache',
  'config',
  'sql-pipeline',
  'stream-api',
];

const rules: Readonly<Record<string, FolderRule>> = {
  core: { imports: [], packages: ['zod'], pure: true },
  bytes: { imports: ['core'], pure: true },
  protocol: { imports: ['core', 'bytes'], packages: ['iconv-lite'], pure: true },
  formats: { imports: ['core', 'bytes'], pure: true },
  net: { imports: ['core', 'bytes'] },
  sql: { imports: ['core'], pure: true },
  operators: { imports: ['core', 'sql'], pure: true },
  connectors: {
    imports: ['core', 'bytes', 'protocol', 'formats', 'net', 'operators'],
    packages: ['zod', 'mysql2', '@platformatic/kafka'],
    apart: true,
  },
  state: { imports: ['core', 'operators'] },
  pipeline: { imports: ['core', 'operators', 'state'] },
  verify: { imports: ['core', 'operators'], packages: ['zod'] },
  cache: {
    imports: ['core', 'protocol', 'formats', 'net', 'connectors', 'pipeline'],
    packages: ['zod', 'mysql2'],
  },
  config: { imports: ['core', 'connectors', 'sql', 'operators', 'sql-pipeline'], packages: ['zod', 'yaml'] },
  'sql-pipeline': {
    imports: ['core', 'connectors', 'protocol', 'sql', 'operators', 'state', 'pipeline'],
    packages: ['zod'],
  },
  'stream-api': { imports: ['core', 'sql', 'pipeline', 'sql-pipeline'] },
  demo: { imports: [...everything, 'cli', 'testing'], packages: ['mysql2'] },
  server: { imports: everything, packages: ['zod'] },
  cli: { imports: [...everything, 'demo', 'server'], packages: ['zod'] },
  testing: { imports: everything, packages: ['@platformatic/kafka', 'mysql2', 'fast-check', 'zod'] },
};

/** What a pure folder may use of Node. */
const pureModules = ['buffer', 'crypto', 'util', 'zlib', 'assert', 'assert/strict'];
/** Tests may use these whatever their folder may, and the test servers and contract suites of testing/. */
const testPackages = ['@platformatic/kafka', 'avsc', 'fast-check', 'mysql2', 'zod', 'yaml'];
const bannedWords = ['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'base', 'impl', 'misc', 'index'];
const maxLines = 700;
/** Tests are read one by one, and those of one subject share what they plant and expect. */
const maxTestLines = 1200;

interface Import {
  readonly from: string;
  readonly what: string;
}

/** Everything that is wrong with a tree, as sentences. */
const violations = (root: string): string[] => {
  const files = globSync('**/*.ts', { cwd: root })
    .map((file) => normalize(file).replaceAll('\\', '/'))
    .filter((file) => !file.includes('/testdata/'));
  const found: string[] = [];
  for (const folder of new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!))) {
    if (!rules[folder]) found.push(`${folder}/ has no row in the table of folders`);
  }
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    const lines = text.split('\n').length - 1;
    const most = file.endsWith('.test.ts') ? maxTestLines : maxLines;
    if (lines > most) found.push(`${file} has ${lines} lines, more than ${most}`);
    const words = basename(file, '.ts').split(/[.-]/);
    // The package's own entry is the one file that npm's habit names.
    for (const word of file === 'index.ts' ? [] : bannedWords)
      if (words.includes(word)) found.push(`${file} is called ${word}, which says nothing`);
    for (const what of importsOf(text)) {
      const reason = whyNot({ from: file, what });
      if (reason !== null) found.push(`${file} imports ${what}: ${reason}`);
    }
  }
  return found;
};

const importsOf = (text: string): string[] =>
  Array.from(
    text.matchAll(
      /^(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm,
    ),
    (match) => match[1] ?? match[2] ?? match[3]!,
  );

/** Why a file may not import something; null: it may. */
const whyNot = ({ from, what }: Import): string | null => {
  const folder = from.includes('/') ? from.split('/')[0]! : null;
  const rule = folder === null ? { imports: everything } : rules[folder];
  if (!rule) return null;
  const isTest = /\.test\.ts$/.test(from);
  if (what.startsWith('.')) return isTest ? null : whyNotFile(from, join(dirname(from), what), folder, rule);
  if (isBuiltin(what)) {
    const module = what.replace(/^node:/, '');
    if (!what.startsWith('node:')) return `write it node:${module}`;
    return rule.pure && !isTest && !pureModules.includes(module) ? `${folder} is pure` : null;
  }
  const name = what.startsWith('@') ? what.split('/').slice(0, 2).join('/') : what.split('/')[0]!;
  const allowed = [...(rule.packages ?? []), ...(isTest ? testPackages : [])];
  return allowed.includes(name) ? null : `${folder} does not use the package ${name}`;
};

const whyNotFile = (from: string, target: string, folder: string | null, rule: FolderRule): string | null => {
  const path = normalize(target).replaceAll('\\', '/');
  if (!/\.(ts|json)$/.test(path)) return 'imports name a file, ending included';
  const other = path.split('/')[0]!;
  if (/\.test\.ts$/.test(path)) return 'a test is not for importing';
  if (path.startsWith('..')) return null;
  if (other !== folder)
    return rule.imports.includes(other) || !path.includes('/') ? null : `${folder} does not know ${other}`;
  const [, mine, ...below] = from.split('/');
  const [, its, ...inIts] = path.split('/');
  const crosses = rule.apart && below.length > 0 && inIts.length > 0 && mine !== its;
  return crosses ? `${mine} and ${its} never know each other` : null;
};

const source = dirname(fileURLToPath(import.meta.url));

test('every file under src/ keeps to the table of folders', () => {
  assert.deepEqual(violations(source), []);
});

test('the table names the folders that docs/ARCHITECTURE.md names', () => {
  const page = readFileSync(join(source, '../docs/ARCHITECTURE.md'), 'utf8');
  for (const folder of Object.keys(rules)) {
    if (folder === 'state' || folder === 'demo') continue;
    assert.match(page, new RegExp(`^${folder} {2,}`, 'm'), `docs/ARCHITECTURE.md has no row for ${folder}`);
  }
});

describe('what the check finds', () => {
  const planted = (files: Readonly<Record<string, string>>): string[] => {
    const root = mkdtempSync(join(tmpdir(), 'millrace-architecture-'));
    try {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), text);
      }
      return violations(root);
    } finally {
      rmSync(root, { recursive: true });
    }
  };

  const cases: [what: string, files: Readonly<Record<string, string>>, expected: RegExp][] = [
    ['an import upwards', { 'core/a.ts': "import { b } from '../pipeline/b.ts';\n" }, /core does not know pipeline/],
    [
      'one over several lines',
      { 'core/a.ts': "import {\n  b,\n  c,\n} from '../net/b.ts';\n" },
      /core does not know net/,
    ],
    ['one of a type only', { 'core/a.ts': "import type { B } from '../net/b.ts';\n" }, /core does not know net/],
    ['a re-export', { 'bytes/a.ts': "export { b } from '../net/b.ts';\n" }, /bytes does not know net/],
    ['a dynamic one', { 'net/a.ts': "const b = await import('../cli/b.ts');\n" }, /net does not know cli/],
    [
      'one two levels deep',
      { 'protocol/x/y/a.ts': "import '../../../connectors/x/b.ts';\n" },
      /protocol does not know connectors/,
    ],
    ['a socket in a pure folder', { 'protocol/a.ts': "import net from 'node:net';\n" }, /protocol is pure/],
    ['a file in a pure folder', { 'operators/a.ts': "import 'node:fs/promises';\n" }, /operators is pure/],
    ['a module without node:', { 'net/a.ts': "import net from 'net';\n" }, /write it node:net/],
    [
      'a package that is not for the folder',
      { 'bytes/a.ts': "import 'mysql2/promise';\n" },
      /bytes does not use the package mysql2/,
    ],
    [
      'connectors that know each other',
      { 'connectors/a/x.ts': "import '../b/y.ts';\n" },
      /a and b never know each other/,
    ],
    ['a test imported', { 'net/a.ts': "import './b.test.ts';\n" }, /a test is not for importing/],
    ['an import without an ending', { 'net/a.ts': "import './b';\n" }, /ending included/],
    ['a folder without a row', { 'shared/a.ts': '' }, /shared\/ has no row/],
    ['a file that is too long', { 'core/a.ts': 'a\n'.repeat(701) }, /core\/a.ts has 701 lines/],
    ['a test that is too long', { 'core/a.test.ts': 'a\n'.repeat(1201) }, /core\/a.test.ts has 1201 lines/],
    ['a name that says nothing', { 'core/string-utils.ts': '' }, /is called utils/],
  ];
  for (const [what, files, expected] of cases) {
    test(`${what} is refused`, () => {
      const found = planted(files);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, expected);
    });
  }

  test('nothing in a tree that keeps to it', () => {
    assert.deepEqual(
      planted({
        'core/a.ts': "import { z } from 'zod';\nimport 'node:util';\nimport './b.ts';\n",
        'connectors/a/x.ts': "import { b } from '../../core/a.ts';\nimport './y.ts';\nimport 'node:fs';\n",
        'connectors/registry.ts': "const x = () => import('./a/x.ts');\n",
        'core/a.test.ts': "import 'node:fs';\nimport fc from 'fast-check';\n",
        'index.ts.d/readme.txt': '',
      }),
      [],
    );
  });
});
