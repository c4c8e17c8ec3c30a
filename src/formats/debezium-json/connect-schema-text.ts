import { jsonString } from './json-string.ts';

/** What Kafka Connect's JsonConverter says of a schema beside its type; `field` is its name in the struct around it. */
export interface SchemaFacts {
  readonly optional?: boolean;
  readonly name?: string;
  readonly version?: number;
  readonly doc?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The default as JSON. */
  readonly default?: string;
  readonly field?: string;
}

/** A schema as JsonConverter writes it, in its order. `type` as `plain`, `struct` and `arrayOf` give it. */
export const schemaText = (type: string, facts: SchemaFacts = {}): string => {
  const { name, version, doc, parameters, field } = facts;
  const parts = [type, `"optional":${facts.optional ?? false}`];
  if (name !== undefined) parts.push(`"name":${quoted(name)}`);
  if (version !== undefined) parts.push(`"version":${version}`);
  if (doc !== undefined) parts.push(`"doc":${quoted(doc)}`);
  if (parameters !== undefined) {
    const pairs = Object.entries(parameters).map(([key, value]) => `${quoted(key)}:${quoted(value)}`);
    parts.push(`"parameters":{${pairs}}`);
  }
  if (facts.default !== undefined) parts.push(`"default":${facts.default}`);
  if (field !== undefined) parts.push(`"field":${quoted(field)}`);
  return `{${parts}}`;
};

export const plain = (type: string): string => `"type":"${type}"`;

export const struct = (fields: readonly string[]): string => `"type":"struct","fields":[${fields}]`;

export const arrayOf = (items: string): string => `"type":"array","items":${items}`;

/** A field of a type without a name: `?` behind it makes it optional. */
export const field = (name: string, type: string): string =>
  type.endsWith('?')
    ? schemaText(plain(type.slice(0, -1)), { optional: true, field: name })
    : schemaText(plain(type), { field: name });

const quoted = (text: string): string => jsonString(text).toString();
