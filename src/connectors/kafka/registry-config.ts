import { z } from 'zod';
import { list, secret } from '../../core/settings.ts';

const strategy = z.enum(['TopicNameStrategy', 'RecordNameStrategy', 'TopicRecordNameStrategy']);

/** Where the schema registry is, under the names of Confluent's converters. */
export const registryAddressShape = {
  'schema.registry.url': list
    .optional()
    .describe(
      'Schema registries for the Avro formats, `http://host:8081` each, separated by commas: the first that answers.',
    ),
  'schema.registry.basic.auth.user.info': secret().optional().describe("The registry's login, `user:password`."),
  'schema.registry.bearer.auth.token': secret()
    .optional()
    .describe("The registry's bearer token, in place of a login."),
};

/** The same, and how schemas are registered. */
export const registryShape = {
  ...registryAddressShape,
  'auto.register.schemas': z
    .boolean()
    .default(true)
    .describe('Register the schemas of tables. `false`: the registry must hold them, else KAFKA_SCHEMA_MISSING.'),
  'key.subject.name.strategy': strategy
    .default('TopicNameStrategy')
    .describe("The subject of a key's schema: `TOPIC-key`, the record's name, or `TOPIC-` and the record's name."),
  'value.subject.name.strategy': strategy
    .default('TopicNameStrategy')
    .describe("The subject of a value's schema: `TOPIC-value`, the record's name, or `TOPIC-` and the record's name."),
};

export type RegistryConfig = z.output<z.ZodObject<typeof registryAddressShape>> & {
  /** Left out: schemas are looked up only. */
  readonly 'auto.register.schemas'?: boolean;
};
