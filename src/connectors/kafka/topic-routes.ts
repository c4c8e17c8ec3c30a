import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import type { KafkaConfig } from './config.ts';

/** Gives each table its topic. */
export const topicRoutes = (
  config: Pick<KafkaConfig, 'topic' | 'topic.prefix' | 'sink.tableId-to-topic.mapping'>,
): ((table: Pick<Table, 'database' | 'name'>) => string) => {
  const prefix = config['topic.prefix'];
  const template = config.topic ?? `${prefix === undefined ? '' : `${prefix}.`}%{database}.%{table}`;
  const mapped = new Map(
    pairs(config['sink.tableId-to-topic.mapping'] ?? '', 'sink.tableId-to-topic.mapping', 'database.table:topic'),
  );
  return (table) =>
    mapped.get(qualifiedName(table)) ??
    topicName(template.replaceAll('%{database}', table.database).replaceAll('%{table}', table.name));
};

/** The key columns that `message.key.columns` gives a table; null: it names none for it. */
export const keyColumnRoutes = (text: string): ((table: Table) => readonly number[] | null) => {
  const wanted = new Map(pairs(text, 'message.key.columns', 'database.table:column,column'));
  return (table) => {
    const names = wanted.get(qualifiedName(table));
    if (names === undefined) return null;
    return names.split(',').map((name) => {
      const column = table.columns.findIndex((each) => each.name === name.trim());
      if (column >= 0) return column;
      const reason = `${qualifiedName(table)} has no column ${name.trim()}`;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key: 'message.key.columns', reason });
    });
  };
};

/** What Kafka allows in a name; other characters become `_`, as in Debezium. */
export const topicName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9._-]/g, '_').slice(0, 249);

/** `a:b;c:d`. */
const pairs = (text: string, key: string, form: string): readonly (readonly [string, string])[] =>
  text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const colon = part.indexOf(':');
      if (colon > 0) return [part.slice(0, colon).trim(), part.slice(colon + 1).trim()] as const;
      throw new MillraceError('CONFIG_WRONG_VALUE', { key, reason: `write ${form}, separated by semicolons` });
    });
