/** A pipeline file in the making: what another tool's file says, in millrace's words, and what of it has no counterpart. */
import { stringify } from 'yaml';
import { namesSecret } from '../redact.ts';
import { isOwnReference, withoutProviders } from './config-providers.ts';

type DraftValue = string | number | boolean | readonly string[];

interface DraftEntry {
  readonly key: string;
  readonly value: DraftValue;
  readonly comment: string | null;
}

/** The keys of one section in the order they were set; a key set twice keeps its place and takes the later value. */
export class DraftSection {
  readonly #entries = new Map<string, DraftEntry>();

  set(key: string, value: DraftValue, comment: string | null = null): void {
    this.#entries.set(key, { key, value, comment });
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): DraftValue | undefined {
    return this.#entries.get(key)?.value;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get entries(): readonly DraftEntry[] {
    return [...this.#entries.values()];
  }
}

/** What somebody must know who takes the draft for the file it was made from. */
export interface ConversionFinding {
  /** `left`: it has no counterpart and was left out. `changed`: it was taken over, with a difference. */
  readonly kind: 'left' | 'changed';
  /** The other tool's key. */
  readonly key: string;
  readonly reason: string;
}

/** What the other tool's file had as plain text, or leaves to a provider that is not here. */
interface DraftSecret {
  /** The other tool's key. */
  readonly key: string;
  /** Null: the file does not hold it. */
  readonly value: string | null;
}

export interface DraftRoute {
  readonly source: string;
  readonly target: string;
  readonly symbol?: string;
}

export class Draft {
  readonly from: string;
  readonly source = new DraftSection();
  readonly sink = new DraftSection();
  readonly pipeline = new DraftSection();
  readonly routes: DraftRoute[] = [];
  /** Sections that are the same here, as YAML. */
  readonly taken: string[] = [];
  readonly findings: ConversionFinding[] = [];
  /** By the variable that holds each. */
  readonly secrets = new Map<string, DraftSecret>();

  /** `from`: the tool and the file, for the first line. */
  constructor(from: string) {
    this.from = from;
  }

  left(key: string, reason: string): void {
    if (!this.findings.some((finding) => finding.key === key)) this.findings.push({ kind: 'left', key, reason });
  }

  changed(key: string, reason: string): void {
    this.findings.push({ kind: 'changed', key, reason });
  }

  /** Sets a secret as a variable, never as its text. One that names a variable or a file itself is taken as it is. */
  secret(section: DraftSection, key: string, variable: string, from: string, value: string | null = null): void {
    if (value !== null && isOwnReference(value)) {
      section.set(key, withoutProviders(value));
      return;
    }
    section.set(key, `\${${variable}}`);
    this.secrets.set(variable, { key: from, value });
  }

  /** Puts a reference of the caller's in the place of each variable that holds a secret. */
  placeSecrets(place: (variable: string) => string): void {
    for (const part of [this.source, this.sink, this.pipeline]) {
      for (const { key, value, comment } of part.entries) {
        const variable = /^\$\{(\w+)\}$/.exec(String(value))?.[1];
        if (variable !== undefined && this.secrets.has(variable)) part.set(key, place(variable), comment);
      }
    }
    this.secrets.clear();
  }

  /** Sets `key` to a variable with a default. */
  variable(
    section: DraftSection,
    key: string,
    variable: string,
    byDefault: string,
    comment: string | null = null,
  ): void {
    section.set(key, `\${${variable}:-${byDefault}}`, comment);
  }

  /** Sets `key` to another tool's text: characters that would be read as variables are escaped. */
  text(section: DraftSection, key: string, value: string, comment: string | null = null): void {
    section.set(key, withoutProviders(value), comment);
  }

  toYaml(): string {
    const lines = [
      '# yaml-language-server: $schema=./node_modules/millrace/schema/v1.json',
      ...commented(
        `Made from ${this.from} by \`millrace convert\`. Check it with \`millrace lint\` and \`millrace doctor\`.`,
      ),
      ...[...this.secrets].flatMap(([variable, { key }]) => commented(`Set ${variable} to what ${key} was.`)),
      ...section('source', this.source),
      ...section('sink', this.sink),
      ...this.taken.flatMap((text) => text.trimEnd().split('\n')),
      ...(this.routes.length === 0 ? [] : ['route:', ...this.routes.flatMap(routeLines)]),
      ...section('pipeline', this.pipeline),
      ...this.#findingLines('changed', 'Taken over with a difference:'),
      ...this.#findingLines('left', 'Without counterpart here, and left out:'),
    ];
    return `${lines.join('\n')}\n`;
  }

  #findingLines(kind: ConversionFinding['kind'], head: string): readonly string[] {
    const found = this.findings.filter((finding) => finding.kind === kind);
    if (found.length === 0) return [];
    return ['', `# ${head}`, ...found.flatMap(({ key, reason }) => commented(`${key}: ${reason}`, '#   ', '#     '))];
  }
}

const section = (name: string, { entries }: DraftSection): readonly string[] =>
  entries.length === 0
    ? []
    : [
        `${name}:`,
        ...entries.flatMap(({ key, value, comment }) => [
          ...(comment === null ? [] : commented(comment, '  # ', '  # ')),
          `  ${key}: ${scalar(value)}`,
        ]),
      ];

const routeLines = ({ source, target, symbol }: DraftRoute): readonly string[] => [
  `  - source-table: ${scalar(source)}`,
  `    sink-table: ${scalar(target)}`,
  ...(symbol === undefined ? [] : [`    replace-symbol: ${scalar(symbol)}`]),
];

const scalar = (value: DraftValue): string => {
  if (typeof value === 'object') return `[${value.map(scalar).join(', ')}]`;
  if (typeof value !== 'string' || /^(\d+|\$\{[^}]*\})$/.test(value)) return String(value);
  return stringify(value, {
    lineWidth: 0,
    singleQuote: true,
    defaultStringType: /^[\s%]|[\s#]$/.test(value) ? 'QUOTE_DOUBLE' : 'PLAIN',
  }).trimEnd();
};

/** A comment of at most some hundred columns. */
const commented = (text: string, first = '# ', more = '# '): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll('\n', ' ').split(' ')) {
    if (line !== '' && line.length + word.length > 105) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each, index) => `${index === 0 ? first : more}${each}`);
};

/** Whether a key's value must not be copied. */
export const holdsSecret = (key: string): boolean =>
  namesSecret(key) || /passwd|access\.?key|jaas\.config|basic\.auth\.user\.info|credentials/i.test(key);
