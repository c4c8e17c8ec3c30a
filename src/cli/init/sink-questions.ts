import { connectors } from '../../connectors/registry.ts';
import { settingsOf } from '../../core/settings-shape.ts';
import { textTable } from '../text-table.ts';
import { askChoice, askServer, type Interview, RefusedAnswer, sayWhy } from './interview.ts';
import type { AnsweredSource } from './source-questions.ts';

/** A sink as the file says it, with the routes that give its tables their names. */
export interface AnsweredSink {
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly route: readonly { readonly 'source-table': string; readonly 'sink-table': string }[];
}

/** Asks where the rows go. */
export const askSinkType = async (interview: Interview): Promise<string> => {
  // What keeps nothing is for measuring, and no beginner's choice.
  const sinks = connectors.filter(({ type, roles }) => roles.includes('sink') && type !== 'blackhole');
  interview.asker.say(
    textTable(
      [],
      sinks.map(({ type, summary }, index) => [`${String(index + 1).padStart(4)}  ${type}`, summary]),
    ),
  );
  const types = sinks.map(({ type }) => type);
  return await askChoice(interview, 'Where to', types, types.includes('sqlite') ? 'sqlite' : types[0]!);
};

/** Asks what a sink of this type needs. Answers may be variables, `${NAME}`; what was answered before is offered again. */
export const askSink = async (
  interview: Interview,
  type: string,
  source: AnsweredSource,
  before: Readonly<Record<string, unknown>>,
): Promise<AnsweredSink> => {
  const offer = (key: string, fallback: string): string => String(before[key] ?? fallback);
  const { asker } = interview;
  switch (type) {
    case 'sqlite':
      return plainSink(type, {
        path: await asker.ask('SQLite file', { fallback: offer('path', `${subject(source)}.db`) }),
      });
    case 'file':
      return plainSink(type, {
        path: await asker.ask('File for the lines (- prints them)', {
          fallback: offer('path', `${subject(source)}.ndjson`),
        }),
      });
    case 'kafka':
      return await askKafka(interview, offer);
    case 'mysql':
      return await askMysql(interview, source, before);
    default:
      return plainSink(type, await askRequired(interview, type, offer));
  }
};

const plainSink = (type: string, settings: Readonly<Record<string, unknown>>): AnsweredSink => ({
  type,
  settings,
  route: [],
});

/** What files and pipelines are called: the one database, or mysql where there are several. */
export const subject = ({ chosen }: AnsweredSource): string => {
  const databases = new Set(chosen.tables.map(({ database }) => database));
  const [only] = databases;
  return databases.size === 1 ? only!.replace(/[^\w-]/g, '-') : 'mysql';
};

type Offer = (key: string, fallback: string) => string;

const askKafka = async (interview: Interview, offer: Offer): Promise<AnsweredSink> => {
  const { asker } = interview;
  const brokers = 'properties.bootstrap.servers';
  const settings: Record<string, unknown> = {
    [brokers]: await asker.ask('Kafka brokers, host:port with commas', { fallback: offer(brokers, '127.0.0.1:9092') }),
    topic: await asker.ask('Topic', { fallback: offer('topic', '%{database}.%{table}') }),
  };
  const kafka = connectors.find(({ type, roles }) => type === 'kafka' && roles.includes('sink'))!;
  const formats = settingsOf((await kafka.load()).config).get('value.format')!.choices!;
  const format = await askChoice(
    interview,
    `Format of the values (${formats.join(', ')})`,
    formats,
    offer('value.format', formats[0]!),
  );
  settings['value.format'] = format;
  if (/avro/.test(format)) {
    const key = 'schema.registry.url';
    settings[key] = await asker.ask('Schema registry', { fallback: offer(key, 'http://127.0.0.1:8081') });
  }
  return plainSink('kafka', settings);
};

const askMysql = async (
  interview: Interview,
  source: AnsweredSource,
  before: Readonly<Record<string, unknown>>,
): Promise<AnsweredSink> => {
  const { asker } = interview;
  const known =
    before['hostname'] === undefined ? null : `${before['username']}@${before['hostname']}:${before['port']}`;
  const server = await askServer(interview, {
    question: 'MySQL or MariaDB to write',
    offered: known ?? 'millrace@127.0.0.1:3307',
    variable: 'TARGET_PASSWORD',
  });
  const databases = [...new Set(source.chosen.tables.map(({ database }) => database))];
  const same = server.address === source.server.address;
  for (;;) {
    const answer = await asker.ask('Database there (=: the names of the source)', {
      fallback: server.database ?? (same ? '' : '='),
    });
    const target = answer === '=' ? null : answer;
    // Its own changes would come back to it for ever.
    const itself = same && (target === null || databases.includes(target));
    if (answer === '' || itself) {
      sayWhy(
        interview,
        new RefusedAnswer(itself ? 'it would write into the tables that it reads' : 'a database is needed'),
      );
      continue;
    }
    const route = source.chosen.patterns.map((pattern) => ({
      'source-table': pattern,
      'sink-table': `${target}.%{table}`,
    }));
    return { type: 'mysql', settings: server.settings, route: target === null ? [] : route };
  }
};

/** Every setting of a connector that has no default, in its own words. */
const askRequired = async (
  { asker, secrets }: Interview,
  type: string,
  offer: Offer,
): Promise<Readonly<Record<string, unknown>>> => {
  const connector = await connectors.find((each) => each.type === type && each.roles.includes('sink'))!.load();
  const answers: Record<string, unknown> = {};
  for (const { key, required, secret, description } of settingsOf(connector.config).values()) {
    if (!required && !secret) continue;
    asker.say(description);
    const answer = await asker.ask(key, secret ? { hidden: true } : { fallback: offer(key, '') });
    if (answer === '') continue;
    const variable = `${type}_${key}`.toUpperCase().replace(/\W/g, '_');
    if (secret) secrets.set(variable, { value: answer, of: `the ${type} sink` });
    answers[key] = secret ? `\${${variable}}` : answer;
  }
  return answers;
};
