import { MillraceError } from '../../core/errors.ts';

/** What a record of a topic of signals asks for, in Debezium's words. */
export type Signal =
  | { readonly type: 'execute-snapshot'; readonly tables: readonly string[] }
  /** Tables null: all. */
  | { readonly type: 'stop-snapshot'; readonly tables: readonly string[] | null }
  | { readonly type: 'pause-snapshot' }
  | { readonly type: 'resume-snapshot' }
  | { readonly type: 'log'; readonly message: string };

/**
 * Reads the value of a signal: `{"type": …, "data": {…}}`, other fields (Debezium's `id`) left aside.
 * https://debezium.io/documentation/reference/stable/configuration/signalling.html
 * Throws SIGNAL_REFUSED.
 */
export const readSignal = (value: string | null, offset: number): Signal => {
  const refuse = (reason: string): never => {
    throw new MillraceError('SIGNAL_REFUSED', { offset, reason });
  };
  if (value === null) return refuse('has no value');
  const { type, data = {} } = objectIn(value) ?? refuse('is no JSON object');
  if (typeof type !== 'string') return refuse('has no type');
  if (!isObject(data)) return refuse('has data that is no object');
  switch (type.toLowerCase()) {
    case 'execute-snapshot': {
      onlyIncremental(data, refuse);
      if (hasConditions(data)) {
        return refuse('narrows the snapshot by conditions, which only `millrace snapshot --where` takes');
      }
      const tables = tablesIn(data, refuse);
      if (tables === null || tables.length === 0) return refuse('names no tables in data-collections');
      return { type: 'execute-snapshot', tables };
    }
    case 'stop-snapshot':
      onlyIncremental(data, refuse);
      return { type: 'stop-snapshot', tables: tablesIn(data, refuse) };
    case 'pause-snapshot':
    case 'resume-snapshot':
      onlyIncremental(data, refuse);
      return { type: type.toLowerCase() as 'pause-snapshot' | 'resume-snapshot' };
    case 'log': {
      const { message } = data;
      if (typeof message !== 'string') return refuse('is to be logged and has no message');
      return { type: 'log', message: message.slice(0, longestMessage).replace('{}', String(offset)) };
    }
    default:
      return refuse(
        `is of the type ${JSON.stringify(type.slice(0, 40))}; known are execute-snapshot, stop-snapshot, pause-snapshot, resume-snapshot and log`,
      );
  }
};

type Fields = Readonly<Record<string, unknown>>;
type Refuse = (reason: string) => never;

/** Characters of a message that reach the log. */
const longestMessage = 1_000;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectIn = (text: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
};

/** Left out, Debezium means incremental too. */
const onlyIncremental = ({ type = 'incremental' }: Fields, refuse: Refuse): void => {
  if (typeof type !== 'string' || type.toLowerCase() !== 'incremental')
    refuse('asks for another snapshot than an incremental one: the log is followed while tables are read');
};

const hasConditions = (data: Fields): boolean => {
  const conditions = data['additional-conditions'] ?? data['additional-condition'] ?? [];
  return !Array.isArray(conditions) || conditions.length > 0;
};

/** Null: it names none. Debezium's are regular expressions, in which a dot is often escaped. */
const tablesIn = ({ 'data-collections': names = null }: Fields, refuse: Refuse): readonly string[] | null => {
  if (names === null) return null;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string' || name.trim() === ''))
    return refuse('has data-collections that are no list of tables');
  return (names as string[]).map((name) => name.trim().replaceAll('\\.', '.'));
};
