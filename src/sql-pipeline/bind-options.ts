import type { z } from 'zod';
import { isMillraceError, type MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { expectation, settingsOf } from '../core/settings-shape.ts';
import type { Option } from '../sql/ast/statement.ts';
import type { DeclaredOptions } from '../sql/catalog/table-binding.ts';
import { type Span, sqlError } from '../sql/sql-error.ts';
import type { ConnectedTable, Settings } from './connected-table.ts';
import { filesystem } from './connectors/filesystem.ts';
import { kafkaTopic, upsertKafkaTopic } from './connectors/kafka.ts';
import { blackhole, datagen, print, sqliteTable } from './connectors/local-connectors.ts';
import { jdbcTable, mysqlTable } from './connectors/mysql.ts';
import { mysqlCdc } from './connectors/mysql-cdc.ts';
import { OptionConflict, type SqlConnector } from './connectors/sql-connector.ts';
import { webhookTable } from './connectors/webhook.ts';

/** Every connector that WITH can name. */
const sqlConnectors: readonly SqlConnector[] = [
  mysqlCdc,
  mysqlTable,
  jdbcTable,
  kafkaTopic,
  upsertKafkaTopic,
  sqliteTable,
  filesystem,
  webhookTable,
  datagen,
  print,
  blackhole,
] as readonly SqlConnector[];

export interface BindingSurroundings {
  /** Fills in what stands in `${...}`; throws a MillraceError that says why it cannot. */
  readonly expand: (text: string) => string;
  /** Told of each value that must not be shown, and where it is given. */
  readonly hide: (secret: string, at: Span) => void;
}

/**
 * Finds the connector of a declaration and checks its options. An option that is none, one that is missing and a value that
 * cannot be are SQL_ errors at their place.
 */
export const bindOptions =
  (surroundings: BindingSurroundings) =>
  ({ table, options, hasKey, span }: DeclaredOptions): ConnectedTable => {
    const named = options.find(({ key }) => key === 'connector');
    if (named === undefined) throw invalid(span, `${table} needs 'connector' among its options: ${connectorNames()}`);
    const connector = sqlConnectors.find(({ name }) => name === named.value);
    if (connector === undefined)
      throw sqlError('SQL_UNKNOWN_NAME', named, {
        what: 'connector',
        name: `'${named.value}' among ${connectorNames()}`,
        suggestion: nearestName(
          named.value,
          sqlConnectors.map(({ name }) => name),
        ),
      });
    const own = options.filter((option) => option !== named);
    const { prefix = null } = connector;
    const isPrefixed = ({ key }: Option): boolean => prefix !== null && key.startsWith(prefix);
    const { values, given } = checkedOptions(
      connector,
      own.filter((option) => !isPrefixed(option)),
      named,
      surroundings,
    );
    const prefixed: Settings = Object.fromEntries(own.filter(isPrefixed).map(({ key, value }) => [key, value]));
    try {
      const declared = { table, hasKey, given, prefixed };
      return { metadata: new Map(), ...connector.connect(values as never, declared), connector: connector.name };
    } catch (error) {
      if (error instanceof OptionConflict) throw invalid(named, error.message);
      throw error;
    }
  };

const connectorNames = (): string => sqlConnectors.map(({ name }) => `'${name}'`).join(', ');

const invalid = (span: Span, reason: string): MillraceError => sqlError('SQL_INVALID', span, { reason });

/** The options as a schema makes them, and as they were given; `name` is what they are options of. Throws SQL_ errors with the place. */
export const checkedOptions = (
  { name, options: schema }: Pick<SqlConnector, 'name' | 'options'>,
  options: readonly Option[],
  connectorOption: Option,
  { expand, hide }: BindingSurroundings,
): { readonly values: unknown; readonly given: Settings } => {
  const settings = settingsOf(schema);
  const values: Record<string, unknown> = {};
  for (const option of options) {
    const setting = settings.get(option.key);
    if (setting === undefined) {
      throw sqlError('SQL_UNKNOWN_NAME', option, {
        what: `option of '${name}'`,
        name: `'${option.key}'`,
        suggestion: nearestName(option.key, settings.keys()),
      });
    }
    if (option.key in values) throw invalid(option, `'${option.key}' is given twice`);
    if (setting.withoutEffect !== null) continue;
    const text = expanded(option, expand);
    if (setting.secret && text !== '') hide(text, option);
    values[option.key] = settingValue(text, setting.accepts);
  }
  const result: z.ZodSafeParseResult<unknown> = schema.safeParse(values);
  if (result.success) return { values: result.data, given: values };
  const [issue] = result.error.issues;
  const key = String(issue!.path[0] ?? '');
  const option = options.find((other) => other.key === key);
  if (option === undefined) throw invalid(connectorOption, key === '' ? issue!.message : `'${name}' needs '${key}'`);
  const setting = settings.get(key)!;
  const isWorded = issue!.code === 'custom' || issue!.code === 'invalid_format';
  throw invalid(option, `'${key}' takes ${isWorded ? `another value: ${issue!.message}` : expectation(setting)}`);
};

const expanded = (option: Option, expand: BindingSurroundings['expand']): string => {
  try {
    return expand(option.value);
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    throw invalid(option, error.message);
  }
};

/** Text stays text wherever it is taken, as in pipeline files. */
const settingValue = (text: string, accepts: ReadonlySet<string>): unknown => {
  if (accepts.has('string')) return text;
  if (accepts.has('number') && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(text)) return Number(text);
  if (accepts.has('boolean') && /^\s*(true|false)\s*$/i.test(text)) return text.trim().toLowerCase() === 'true';
  return text;
};
