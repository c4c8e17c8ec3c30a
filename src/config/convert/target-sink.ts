import type { RegisteredConnector } from '../../connectors/registry.ts';
import { expectation, type Setting, settingsOf } from '../../core/settings-shape.ts';
import type { Draft } from './draft.ts';

/** The sinks that this version has, with their keys. */
export interface KnownSinks {
  has(type: string): boolean;
  /** Whether a sink takes a key, under a mapping of the user's too. */
  takes(type: string, key: string): boolean;
  /** Why a sink does not take this value for a key; null: it does. */
  refuses(type: string, key: string, value: string): string | null;
  /** Whether one of the values of a choice is `value`. */
  offers(type: string, key: string, value: string): boolean;
}

export const knownSinks = async (connectors: readonly RegisteredConnector[]): Promise<KnownSinks> => {
  const sinks = new Map(
    await Promise.all(
      connectors
        .filter(({ roles }) => roles.includes('sink'))
        .map(async (registered) => [registered.type, settingsOf((await registered.load()).config)] as const),
    ),
  );
  return {
    has: (type) => sinks.has(type),
    takes: (type, key) => {
      const settings = sinks.get(type);
      if (settings === undefined) return false;
      return settings.has(key) || settings.values().some((each) => each.isRecord && key.startsWith(`${each.key}.`));
    },
    refuses: (type, key, value) => {
      const settings = sinks.get(type);
      const setting = settings?.get(key);
      if (setting !== undefined) return whyNot(setting, value);
      const inRecord = settings?.values().some((each) => each.isRecord && key.startsWith(`${each.key}.`)) ?? false;
      return inRecord ? null : 'the sink has no such setting';
    },
    offers: (type, key, value) => sinks.get(type)?.get(key)?.choices?.includes(value) ?? false,
  };
};

const whyNot = (setting: Setting, value: string): string | null => {
  if (setting.withoutEffect !== null) return setting.withoutEffect;
  const { accepts, schema } = setting;
  const typed = accepts.has('string') ? value : accepts.has('number') ? Number(value) : value === 'true';
  return accepts.has('mapping') || schema.safeParse(typed).success ? null : `it takes ${expectation(setting)}`;
};

/** Where the draft writes when its own target is not here: a change log, so that the file can be tried. */
export const fileInstead = (draft: Draft, key: string, reason: string): void => {
  draft.sink.set('type', 'file', 'In place of the target below: prints each change as a line.');
  draft.sink.set('path', '-');
  draft.left(key, reason);
};

/** Begins a Kafka sink, or a change log where this version has none; false: the latter. */
export const kafkaSink = (draft: Draft, sinks: KnownSinks, brokers: string | null, from: string): boolean => {
  if (!sinks.has('kafka')) {
    fileInstead(draft, from, 'this version has no Kafka sink');
    return false;
  }
  draft.sink.set('type', 'kafka');
  if (brokers === null) {
    draft.variable(
      draft.sink,
      'properties.bootstrap.servers',
      'KAFKA_BROKERS',
      'localhost:9092',
      'The file did not say where the brokers are.',
    );
  } else draft.text(draft.sink, 'properties.bootstrap.servers', brokers);
  return true;
};

/** Sets a key of the sink where it has it, and the value where it is offered; else names it. */
export const sinkSetting = (
  draft: Draft,
  sinks: KnownSinks,
  {
    from,
    key,
    value,
    otherwise,
  }: { readonly from: string; readonly key: string; readonly value: string; readonly otherwise: string },
): boolean => {
  const type = String(draft.sink.get('type'));
  const reason = sinks.takes(type, key) ? sinks.refuses(type, key, value) : otherwise;
  if (reason !== null) {
    draft.left(from, reason);
    return false;
  }
  draft.text(draft.sink, key, value);
  return true;
};
