import { z } from 'zod';
import type { RegisteredConnector } from '../connectors/registry.ts';
import { type Setting, settingsOf } from '../core/settings-shape.ts';
import {
  pipelineSettings,
  processSettings,
  routeSettings,
  sinkSettings,
  sourceSettings,
  transformSettings,
} from './frame.ts';
import { serverSettings } from './server-settings.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft-07, what editors' YAML servers read) of a pipeline file with these connectors. Keys may be dotted or
 * nested there too; required keys are left to `millrace lint`, since a schema cannot say "in one form or the other".
 */
export const pipelineFileSchema = async (connectors: readonly RegisteredConnector[]): Promise<JsonSchema> => {
  const values = new ValueDefinitions();
  const types = connectors.map(({ type }) => type);
  const ends = async (role: 'source' | 'sink', frame: z.ZodType): Promise<JsonSchema> => {
    const able = connectors.filter(({ roles }) => roles.includes(role));
    const options = await Promise.all(
      able.map(async (registered) => {
        const { config } = await registered.load();
        const settings = [...settingsOf(frame).values(), ...settingsOf(config).values()];
        const { properties } = sectionSchema(settings, values);
        const type = { const: registered.type, description: registered.summary };
        return { ...closed({ ...properties, type }), anyOf: [{ required: ['type'] }, { required: ['use'] }] };
      }),
    );
    return { oneOf: options };
  };
  const settings = sectionSchema([...settingsOf(pipelineSettings).values()], values).properties;
  const sections = {
    source: { description: 'What is read: one section, or a list of them.', ...named('source') },
    sink: { description: 'What is written: one section, or a list of them.', ...named('sink') },
    process: { description: 'Steps of your own on the way.', type: 'array', items: named('process') },
    transform: { description: 'Columns computed and rows left out, in SQL.', type: 'array', items: named('transform') },
    route: { description: 'Tables that have other names in the sinks.', type: 'array', items: named('route') },
    pipeline: { description: 'The name and the manner of the whole.', ...named('pipeline') },
    sql: {
      description: 'CREATE TABLE and INSERT INTO, in place of `source` and `sink`; or `file`, where they are.',
      anyOf: [{ type: 'string' }, { ...closed({ file: { type: 'string' } }), required: ['file'] }],
    },
    tests,
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'millrace pipeline file',
    ...closed({
      connections: {
        description: 'Settings that sections take over with `use`, by name.',
        type: 'object',
        additionalProperties: { type: 'object', required: ['type'], properties: { type: { enum: types } } },
      },
      pipelines: {
        description: 'Several pipelines, each with its sections, and the settings of `pipeline` beside them.',
        type: 'array',
        minItems: 1,
        items: {
          ...closed({ ...settings, ...sections }),
          anyOf: [{ required: ['source', 'sink'] }, { required: ['sql'] }],
        },
      },
      ...sections,
      server: {
        description: 'The HTTP API that `millrace run` starts beside the pipelines.',
        ...closed(sectionSchema([...settingsOf(serverSettings).values()], values).properties),
      },
    }),
    anyOf: [{ required: ['source', 'sink'] }, { required: ['sql'] }, { required: ['pipelines'] }],
    definitions: {
      source: oneOrMore('source.section'),
      'source.section': await ends('source', sourceSettings),
      sink: oneOrMore('sink.section'),
      'sink.section': await ends('sink', sinkSettings),
      process: closed(sectionSchema([...settingsOf(processSettings).values()], values).properties),
      transform: closed(sectionSchema([...settingsOf(transformSettings).values()], values).properties),
      route: closed(sectionSchema([...settingsOf(routeSettings).values()], values).properties),
      pipeline: closed(settings),
      ...values.schemas,
    },
  };
};

const oneOrMore = (definition: string): JsonSchema => {
  const one = { $ref: `#/definitions/${definition}` };
  return { anyOf: [one, { type: 'array', minItems: 1, items: one }] };
};

/** In draft-07 nothing counts beside a `$ref`. */
const named = (definition: string): JsonSchema => ({ allOf: [{ $ref: `#/definitions/${definition}` }] });

const row = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } };
const changes = {
  type: 'array',
  items: {
    type: 'object',
    required: ['table'],
    additionalProperties: false,
    properties: {
      table: { type: 'string', description: '`database.table`' },
      op: { enum: ['r', 'c', 'u', 'd', 'read', 'create', 'insert', 'update', 'delete'] },
      before: row,
      after: row,
    },
  },
};
const tests: JsonSchema = {
  description: 'Rows in and rows out, checked by `millrace test` without a server.',
  type: 'array',
  items: {
    type: 'object',
    required: ['input', 'output'],
    additionalProperties: false,
    properties: {
      name: { type: 'string' },
      tables: {
        description: 'CREATE TABLE statements; other tables are made up from their rows.',
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
      input: changes,
      output: changes,
    },
  },
};

const closed = (properties: Readonly<Record<string, unknown>>): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
});

/** Settings as properties: each under its dotted key, and under each way to nest it. */
const sectionSchema = (
  settings: readonly Setting[],
  values: ValueDefinitions,
): { readonly properties: Readonly<Record<string, unknown>> } => {
  const properties: Record<string, unknown> = {};
  const byPrefix = new Map<string, [rest: string, setting: Setting][]>();
  for (const setting of settings) {
    properties[setting.key] = values.refer(setting);
    const parts = setting.key.split('.');
    for (let used = 1; used < parts.length; used += 1) {
      const prefix = parts.slice(0, used).join('.');
      const list = byPrefix.get(prefix) ?? [];
      if (list.length === 0) byPrefix.set(prefix, list);
      list.push([parts.slice(used).join('.'), setting]);
    }
  }
  for (const [prefix, below] of byPrefix) {
    // Deeper nesting is told by its own first part, so that the schema stays small.
    const nested = sectionSchema(
      below.map(([rest, setting]) => ({ ...setting, key: rest })),
      values,
    );
    const object = closed(nested.properties);
    const own = properties[prefix];
    properties[prefix] = own === undefined ? object : { anyOf: [own, object] };
  }
  return { properties };
};

/** What each setting takes, said once, however many ways there are to write its key and places to put it. */
class ValueDefinitions {
  readonly #names = new Map<z.ZodType, string>();
  readonly #byText = new Map<string, string>();
  readonly schemas: Record<string, JsonSchema> = {};

  refer(setting: Setting): JsonSchema {
    const name = this.#names.get(setting.schema) ?? this.#define(setting);
    return { $ref: `#/definitions/${name}` };
  }

  #define(setting: Setting): string {
    const schema = valueSchema(setting);
    const text = JSON.stringify(schema);
    let name = this.#byText.get(text);
    if (name === undefined) {
      const wanted = `value.${setting.key.replaceAll(/[^\w.-]/g, '_')}`;
      name = wanted;
      for (let number = 2; name in this.schemas; number += 1) name = `${wanted}.${number}`;
      this.schemas[name] = schema;
      this.#byText.set(text, name);
    }
    this.#names.set(setting.schema, name);
    return name;
  }
}

/** What one setting takes, or a text that the environment fills in. */
const valueSchema = (setting: Setting): JsonSchema => {
  const { $schema: _, ...schema } = z.toJSONSchema(setting.schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  }) as Record<string, unknown>;
  const { description, default: byDefault, ...rest } = schema;
  const said = { ...(description ? { description } : {}), ...(byDefault === undefined ? {} : { default: byDefault }) };
  if (setting.accepts.has('string') && setting.choices === null) return { ...said, ...rest };
  return { ...said, anyOf: [rest, { type: 'string', pattern: '\\$\\{' }] };
};
