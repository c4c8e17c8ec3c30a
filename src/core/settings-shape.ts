import { z } from 'zod';

/** One setting of a connector or of the file's own frame, read off its zod schema: what docs, messages and editors are told. */
export interface Setting {
  readonly key: string;
  readonly schema: z.ZodType;
  /** What a YAML value may be for it. */
  readonly accepts: ReadonlySet<ValueKind>;
  /** A mapping of its own, so that keys below it are the user's. */
  readonly isRecord: boolean;
  readonly required: boolean;
  /** The default as a user would write it; undefined: there is none. */
  readonly defaultValue: unknown;
  readonly description: string;
  readonly secret: boolean;
  /** What the checked value counts; null: it has no unit. */
  readonly unit: string | null;
  /** Why setting it changes nothing; null: it does change something. */
  readonly withoutEffect: string | null;
  /** The values of a choice; null: it is not one. */
  readonly choices: readonly string[] | null;
}

type ValueKind = 'string' | 'number' | 'boolean' | 'list' | 'mapping';

const known = new WeakMap<z.ZodType, ReadonlyMap<string, Setting>>();

/** The settings of a strict object schema, in its order. */
export const settingsOf = (schema: z.ZodType): ReadonlyMap<string, Setting> => {
  let settings = known.get(schema);
  if (settings === undefined) {
    settings = new Map(Object.entries(objectShape(schema)).map(([key, field]) => [key, readSetting(key, field)]));
    known.set(schema, settings);
  }
  return settings;
};

const objectShape = (schema: z.ZodType): Readonly<Record<string, z.ZodType>> => {
  if (schema instanceof z.ZodObject) return schema.shape as Record<string, z.ZodType>;
  if (schema instanceof z.ZodPipe) return objectShape(schema.in as z.ZodType);
  throw new TypeError("a connector's config is one z.strictObject");
};

const readSetting = (key: string, schema: z.ZodType): Setting => {
  let inner = schema;
  let required = true;
  let defaultValue: unknown;
  const meta: Record<string, unknown> = {};
  for (;;) {
    for (const [name, value] of Object.entries(inner.meta() ?? {})) meta[name] ??= value;
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      required = false;
      defaultValue ??= inner.def.defaultValue;
      inner = inner.def.innerType as z.ZodType;
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) {
      required = false;
      inner = inner.def.innerType as z.ZodType;
    } else break;
  }
  const kinds = new Set<ValueKind>();
  addKinds(inner, kinds);
  return {
    key,
    schema,
    accepts: kinds,
    isRecord: inner instanceof z.ZodRecord,
    required,
    defaultValue,
    description: String(meta['description'] ?? ''),
    secret: meta['secret'] === true,
    unit: (meta['unit'] as string | undefined) ?? null,
    withoutEffect: (meta['withoutEffect'] as string | undefined) ?? null,
    choices: inner instanceof z.ZodEnum ? inner.options.map(String) : null,
  };
};

const addKinds = (schema: z.ZodType, kinds: Set<ValueKind>): void => {
  if (schema instanceof z.ZodString || schema instanceof z.ZodEnum) kinds.add('string');
  else if (schema instanceof z.ZodNumber) kinds.add('number');
  else if (schema instanceof z.ZodBoolean) kinds.add('boolean');
  else if (schema instanceof z.ZodArray) kinds.add('list');
  else if (schema instanceof z.ZodRecord || schema instanceof z.ZodObject) kinds.add('mapping');
  else if (schema instanceof z.ZodLiteral) for (const value of schema.values) kinds.add(typeof value as ValueKind);
  else if (schema instanceof z.ZodPipe) addKinds(schema.in as z.ZodType, kinds);
  else if (schema instanceof z.ZodUnion) for (const option of schema.options) addKinds(option as z.ZodType, kinds);
  else if (schema instanceof z.ZodUnknown || schema instanceof z.ZodAny) kinds.add('string').add('list').add('mapping');
  else throw new TypeError(`a setting cannot be a ${schema.type}`);
};

/** What a setting takes, in words: "a whole number from 1 to 65535". */
export const expectation = (setting: Setting): string => {
  if (setting.choices !== null) return `one of ${setting.choices.join(', ')}`;
  const { accepts } = setting;
  if (accepts.has('number') && !accepts.has('string')) return numberRange(setting.schema);
  if (accepts.has('boolean') && !accepts.has('string')) return 'true or false';
  if (accepts.has('mapping') && !accepts.has('string')) return 'a mapping of texts';
  if (accepts.has('list')) return accepts.has('string') ? 'a text or a list of texts' : 'a list of texts';
  return 'a text';
};

const numberRange = (schema: z.ZodType): string => {
  const { type, minimum, maximum } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    readonly type?: string;
    readonly minimum?: number;
    readonly maximum?: number;
  };
  const from = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? ` from ${minimum}` : '';
  const to = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? ` to ${maximum}` : '';
  return `a ${type === 'integer' ? 'whole ' : ''}number${from}${from !== '' && to === '' ? ' up' : ''}${to}`;
};
