import { aliases } from '../../config/aliases.ts';
import type { Draft } from '../../config/convert/draft.ts';
import { jdbcSinkKeys } from '../../config/convert/from-jdbc-sink.ts';
import { loadPipelineFile } from '../../config/pipeline-file.ts';
import { connectors } from '../../connectors/registry.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { nearestName } from '../../core/nearest-name.ts';
import { shownConfig } from './connector-config.ts';
import type { ConnectorType } from './connector-status.ts';
import type { ConnectorConfig } from './posted-connectors.ts';
import { draftOf } from './take-connector.ts';

interface Plugin {
  readonly class: string;
  readonly type: ConnectorType;
}

/** The connectors whose settings become a pipeline. */
export const plugins: readonly Plugin[] = [
  { class: 'io.debezium.connector.mysql.MySqlConnector', type: 'source' },
  { class: 'io.debezium.connector.mariadb.MariaDbConnector', type: 'source' },
  { class: 'io.debezium.connector.jdbc.JdbcSinkConnector', type: 'sink' },
  { class: 'io.confluent.connect.jdbc.JdbcSinkConnector', type: 'sink' },
  { class: 'io.aiven.connect.jdbc.JdbcSinkConnector', type: 'sink' },
];

/** By its class, or the class's last word. Throws API_NOT_FOUND. */
export const pluginOf = (name: string): Plugin => {
  const found = plugins.find((plugin) => isPlugin(plugin, name));
  if (found !== undefined) return found;
  const nearest = nearestName(
    name,
    plugins.map((plugin) => lastWord(plugin.class)),
  );
  throw new MillraceError('API_NOT_FOUND', {
    path: `/connector-plugins/${name.slice(0, 100)}${nearest === null ? '' : ` (did you mean ${nearest}?)`}`,
  });
};

export const isPlugin = (plugin: Plugin, name: string): boolean =>
  plugin.class === name || lastWord(plugin.class) === name;

const lastWord = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** One setting as Connect describes it. */
interface SettingDefinition {
  readonly name: string;
  readonly type: 'STRING' | 'PASSWORD';
  readonly required: boolean;
  readonly default_value: null;
  readonly importance: 'HIGH' | 'MEDIUM';
  readonly documentation: string;
  readonly group: string;
  readonly order_in_group: number;
  readonly width: 'MEDIUM';
  readonly display_name: string;
  readonly dependents: readonly string[];
}

const group = 'millrace';
const required: ReadonlySet<string> = new Set(['name', 'connector.class']);

const definition = (name: string, documentation: string, order: number): SettingDefinition => ({
  name,
  type: /password|secret/.test(name) ? 'PASSWORD' : 'STRING',
  required: required.has(name),
  default_value: null,
  importance: required.has(name) ? 'HIGH' : 'MEDIUM',
  documentation,
  group,
  order_in_group: order,
  width: 'MEDIUM',
  display_name: name,
  dependents: [],
});

/** The settings that have a counterpart, each with what it becomes. */
export const pluginSettings = ({ type }: Plugin): readonly SettingDefinition[] => {
  if (type === 'sink')
    return jdbcSinkKeys.map((name, index) => definition(name, 'Taken over into a pipeline from Kafka.', index + 1));
  return aliases
    .filter(({ tool }) => tool === 'Debezium')
    .map(({ name, keys }, index) => definition(name, `Becomes ${keys.join(' and ')}.`, index + 1));
};

/** What Connect answers about a connector's settings: each with its errors, and said of it what becomes of it here. */
export const validation = async (plugin: Plugin, config: ConnectorConfig, version: string): Promise<unknown> => {
  const errors = new Map<string, string[]>();
  const fail = (key: string, message: string): void => {
    const at = key in config ? key : 'connector.class';
    errors.set(at, [...(errors.get(at) ?? []), message]);
  };
  const draft = await triedDraft(config, fail);
  if (draft !== null) await lint(draft, version, fail);
  const said = new Map(
    draft?.findings.map(({ key, kind, reason }) => [key, `${kind === 'left' ? 'Left out' : 'Differs'}: ${reason}.`]),
  );
  const shown = Object.entries(shownConfig({ 'connector.class': plugin.class, ...config }));
  return {
    name: plugin.class,
    error_count: errors.size,
    groups: [group],
    configs: shown.map(([name, value], index) => ({
      definition: definition(name, said.get(name) ?? 'Taken over.', index + 1),
      value: { name, value, recommended_values: [], errors: errors.get(name) ?? [], visible: true },
    })),
  };
};

const triedDraft = async (
  config: ConnectorConfig,
  fail: (key: string, message: string) => void,
): Promise<Draft | null> => {
  try {
    return await draftOf(config['name'] ?? 'connector', config);
  } catch (error) {
    if (!isMillraceError(error)) throw error;
    fail('connector.class', error.message);
    return null;
  }
};

const lint = async (draft: Draft, version: string, fail: (key: string, message: string) => void): Promise<void> => {
  const env = Object.fromEntries([...draft.secrets].map(([variable, { value }]) => [variable, value ?? 'set']));
  const readText = (): string => draft.toYaml();
  const loaded = await loadPipelineFile('connector', { env, overrides: [], version, connectors, readText });
  for (const { severity, error } of loaded.diagnostics) {
    if (severity !== 'error') continue;
    const { key = '' } = (error.details ?? {}) as { readonly key?: string };
    const theirs = aliases.find(({ tool, keys }) => tool === 'Debezium' && keys.includes(key));
    fail(theirs?.name ?? key, loaded.redact(error.message));
  }
};
