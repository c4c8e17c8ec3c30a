import { z } from 'zod';
import type { RegisteredConnector } from '../connectors/registry.ts';
import { pipelineSettings, routeSettings, sinkSettings, sourceSettings } from './frame.ts';
import { type Setting, settingsOf } from './settings-shape.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft-07, what editors' YAML servers read) of a pipeline file with these connectors. Keys may be dotted or
 * nested there too; required keys are left to `millrace lint`, since a schema cannot say "in one form or the other".
 */
export const pipelineFileSchema = async (connectors: readonly RegisteredConnector[]): Promise<JsonSchema> => {
  const ends = async (role: 'source' | 'sink', frame: z.ZodType): Promise<JsonSchema> => {
    const able = connectors.filter(({ roles }) => roles.includes(role));
    const options = await Promise.all(
      able.map(async (registered) => {
        const { config } = await registered.load();
        const settings = [...settingsOf(frame).values(), ...settingsOf(config).values()];
        const { properties } = sectionSchema(settings);
        const type = { const: registered.type, description: registered.summary };
        return { ...closed({ ...properties, type }), required: ['type'] };
      }),
    );
    const section = { oneOf: options };
    return { anyOf: [section, { type: 'array', minItems: 1, items: section }] };
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'millrace pipeline file',
    type: 'object',
    required: ['source', 'sink'],
    additionalProperties: false,
    properties: {
      source: {
        description: 'What is read: one section, or a list of them.',
        ...(await ends('source', sourceSettings)),
      },
      sink: { description: 'What is written: one section, or a list of them.', ...(await ends('sink', sinkSettings)) },
      route: {
        description: 'Tables that have other names in the sinks.',
        type: 'array',
        items: closed(sectionSchema([...settingsOf(routeSettings).values()]).properties),
      },
      pipeline: {
        description: 'The name and the manner of the whole.',
        ...closed(sectionSchema([...settingsOf(pipelineSettings).values()]).properties),
      },
    },
  };
};

const closed = (properties: Readonly<Record<string, unknown>>): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
});

/** Settings as properties: each under its dotted key, and under each way to nest it. */
const sectionSchema = (settings: readonly Setting[]): { readonly properties: Readonly<Record<string, unknown>> } => {
  const properties: Record<string, unknown> = {};
  const byPrefix = new Map<string, [rest: string, setting: Setting][]>();
  for (const setting of settings) {
    properties[setting.key] = valueSchema(setting);
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
    const nested = sectionSchema(below.map(([rest, setting]) => ({ ...setting, key: rest })));
    const object = closed(nested.properties);
    const own = properties[prefix];
    properties[prefix] = own === undefined ? object : { anyOf: [own, object] };
  }
  return { properties };
};

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
