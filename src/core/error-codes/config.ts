import type { ErrorEntry } from './entry.ts';

const listed = (names: readonly string[]): string => names.join(', ');
const orElse = (suggestion: string | null): string => (suggestion === null ? '' : `; did you mean ${suggestion}?`);

/** What can be wrong with a pipeline file. Most of these are raised with a place: file, line, column and the text there. */
export const configErrors = {
  CONFIG_UNREADABLE: {
    retryable: false,
    message: (d: { readonly file: string; readonly reason: string }) => `cannot read ${d.file}: ${d.reason}`,
    hint: 'Check the path and that this user may read the file. A whole folder is run by `millrace serve --dir`.',
  },
  CONFIG_TOO_LARGE: {
    retryable: false,
    message: (d: { readonly file: string; readonly bytes: number; readonly limit: number }) =>
      `${d.file} has ${d.bytes} bytes; a pipeline file has at most ${d.limit}`,
    hint: 'Check that the path names a pipeline file and not data; split a truly large one into several pipelines.',
  },
  CONFIG_EMPTY: {
    retryable: false,
    message: (d: { readonly file: string }) => `${d.file} is empty`,
    hint: 'A pipeline file has at least a `source:` and a `sink:` section; docs/config.md has a complete one.',
  },
  CONFIG_SYNTAX: {
    retryable: false,
    message: (d: { readonly reason: string }) => `not valid YAML: ${d.reason}`,
    hint: 'Indent with spaces, put a space after each colon, and quote values that start with one of `% @ & * ! | > { [`.',
  },
  CONFIG_SEVERAL_DOCUMENTS: {
    retryable: false,
    message: (d: { readonly count: number }) =>
      `the file holds ${d.count} YAML documents, and a pipeline file holds one`,
    hint: 'Put each pipeline into a file of its own and name them all: `millrace run a.yaml b.yaml`.',
  },
  CONFIG_WRONG_SHAPE: {
    retryable: false,
    message: (d: { readonly where: string; readonly expected: string; readonly found: string }) =>
      `${d.where}: expected ${d.expected}, found ${d.found}`,
    hint: 'Compare the indentation with the example in docs/config.md.',
  },
  CONFIG_DUPLICATE_KEY: {
    retryable: false,
    message: (d: { readonly key: string; readonly firstLine: number }) =>
      `${d.key} is set twice; first on line ${d.firstLine}`,
    hint: 'Remove one of the two. `a.b: x` and `a: {b: x}` are the same key.',
  },
  CONFIG_UNKNOWN_KEY: {
    retryable: false,
    message: (d: {
      readonly key: string;
      readonly section: string;
      readonly suggestion: string | null;
      readonly belongsUnder: string | null;
    }) =>
      `${d.section} has no key ${d.key}${d.belongsUnder === null ? orElse(d.suggestion) : `; it belongs under ${d.belongsUnder}`}`,
    hint: 'docs/config.md lists every key of every connector.',
  },
  CONFIG_MISSING_KEY: {
    retryable: false,
    message: (d: { readonly key: string; readonly section: string }) => `${d.section} needs ${d.key}`,
    hint: 'Add the key; docs/config.md says what it means and which keys have defaults.',
  },
  CONFIG_WRONG_VALUE: {
    retryable: false,
    message: (d: { readonly key: string; readonly reason: string }) => `${d.key}: ${d.reason}`,
    hint: 'docs/config.md lists the values that the key takes, with their units.',
  },
  CONFIG_UNKNOWN_CONNECTOR: {
    retryable: false,
    message: (d: {
      readonly type: string;
      readonly role: 'source' | 'sink';
      readonly known: readonly string[];
      readonly suggestion: string | null;
    }) => `there is no ${d.role} of type ${d.type} (known: ${listed(d.known)})${orElse(d.suggestion)}`,
    hint: 'Set `type` to one of the known connectors; this version has no others.',
  },
  CONFIG_TABLE_PATTERN: {
    retryable: false,
    message: (d: { readonly pattern: string; readonly reason: string }) =>
      `cannot read the name pattern ${JSON.stringify(d.pattern)}: ${d.reason}`,
    hint: 'Write `database.table`, each part a regular expression over the whole name, with `\\.` for "any character": `shop.\\.*`, `app_[0-9]+.orders_\\d+`.',
  },
  CONFIG_VARIABLE_MISSING: {
    retryable: false,
    message: (d: { readonly name: string; readonly reason: string }) => `environment variable ${d.name} ${d.reason}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    hint: 'Set the variable, name a file that sets it with `--env`, or give it a default: `${NAME:-default}`.',
  },
  CONFIG_INTERPOLATION: {
    retryable: false,
    message: (d: { readonly text: string; readonly reason: string }) => `cannot read ${d.text}: ${d.reason}`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    hint: 'Write `${NAME}`, `${NAME:-default}`, `${NAME:?message}` or `${file:/path}`; a plain `${` is written `$${`.',
  },
  CONFIG_TEST: {
    retryable: false,
    message: (d: { readonly test: string; readonly reason: string }) => `test ${d.test} cannot be run: ${d.reason}`,
    hint: 'A test names tables as `database.table`, and its rows have columns that the table has; docs/config.md shows one.',
  },
  CONFIG_TEMPLATE: {
    retryable: false,
    message: (d: { readonly text: string; readonly reason: string }) =>
      `cannot use ${JSON.stringify(d.text)}: ${d.reason}`,
    hint: 'Correct what the reason names. In names and keys a variable is written `%{table}`, and the characters `%{` themselves `%%{`; an entry for a single table is `database.table=…`, of a table that is captured and columns that it has. docs/config.md says what each setting takes.',
  },
  CONFIG_UNKNOWN_CONNECTION: {
    retryable: false,
    message: (d: { readonly name: string; readonly known: readonly string[]; readonly suggestion: string | null }) =>
      `there is no connection ${d.name} (known: ${listed(d.known)})${orElse(d.suggestion)}`,
    hint: 'Add it under `connections:`, or give the section its `type` and settings instead of `use`.',
  },
  CONFIG_NO_COUNTERPART: {
    retryable: false,
    message: (d: { readonly what: string; readonly tool: string; readonly instead: string }) =>
      `${d.tool}'s ${d.what} has no counterpart here: ${d.instead}`,
    hint: 'docs/guides lists what of Flink CDC, Debezium, Maxwell and Canal converts, and what takes the place of the rest.',
  },
  CONFIG_OVERRIDE: {
    retryable: false,
    message: (d: { readonly text: string; readonly reason: string }) => `cannot apply --set ${d.text}: ${d.reason}`,
    hint: 'Write `--set source.hostname=db2`; an entry of a list is named by its number from 0: `--set sink.0.path=out.ndjson`, `--set pipelines.0.source.tables=shop.orders`.',
  },
  CONFIG_NOT_SUPPORTED_YET: {
    retryable: false,
    message: (d: { readonly key: string; readonly version: string }) =>
      `${d.key} is not supported in millrace ${d.version}`,
    hint: 'Remove the section. Columns are dropped, renamed, masked and hashed by `columns.*` under `source`, tables renamed by `route`.',
  },
  ROUTE_DEFINITIONS_DIFFER: {
    retryable: false,
    message: (d: { readonly table: string; readonly target: string; readonly other: string }) =>
      `${d.table} and ${d.other} are merged into ${d.target}, but have different columns`,
    hint: 'Give all tables that a route merges the same columns in the same order, or give them targets of their own; then take a new snapshot of them.',
  },
  ROUTE_TRUNCATE_MERGED: {
    retryable: false,
    message: (d: { readonly table: string; readonly target: string }) =>
      `${d.table} was truncated, and its rows in ${d.target} cannot be told from those of other tables`,
    hint: 'Delete the rows of that table from the target by hand, then take a new snapshot of the merged tables.',
  },
  CONFIG_ALIAS: {
    retryable: false,
    message: (d: { readonly alias: string; readonly tool: string; readonly keys: readonly string[] }) =>
      `${d.alias} is ${d.tool}'s name for ${d.keys.join(' and ')}`,
    hint: 'The value is used. Write the key by its own name to be rid of this warning.',
  },
  CONFIG_ALIAS_VALUE: {
    retryable: false,
    message: (d: { readonly alias: string; readonly tool: string; readonly reason: string }) =>
      `${d.alias} (${d.tool}) cannot be taken over: ${d.reason}`,
    hint: "Write millrace's own key instead; docs/config.md lists it beside the other tools' names.",
  },
  CONFIG_NO_EFFECT: {
    retryable: false,
    message: (d: { readonly key: string; readonly reason: string }) => `${d.key} has no effect: ${d.reason}`,
    hint: 'The key may stay. Remove it to be rid of this warning.',
  },
  CONFIG_LITERAL_SECRET: {
    retryable: false,
    message: (d: { readonly key: string }) => `${d.key} is written into the file`,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what users type.
    hint: 'Take it from a variable of the environment, such as `${APP_PASSWORD}`, or from a file that only this user reads, such as `${file:/run/secrets/password}`.',
  },
} as const satisfies Record<string, ErrorEntry>;
