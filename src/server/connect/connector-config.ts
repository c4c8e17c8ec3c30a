import { holdsSecret } from '../../config/convert/draft.ts';
import type { Fleet, OperatedPipeline } from '../fleet.ts';
import { endsOf } from './connector-status.ts';
import { type ConnectorConfig, PostedConnectors } from './posted-connectors.ts';

/** What `connector.class` is for a pipeline that was not posted as a connector. */
export const pipelineClass = 'millrace';

/** What stands for a secret in everything that is shown. */
export const hidden = '***';

/**
 * The settings of a connector: as they were posted, or, for a pipeline that a file describes, every setting by its path in that file.
 * Secrets are hidden.
 */
export const connectorConfig = async (fleet: Fleet, pipeline: OperatedPipeline): Promise<ConnectorConfig> =>
  shownConfig((await postedConfig(fleet, pipeline)) ?? plannedConfig(pipeline));

/** The settings that were posted, secrets and all; null: a file describes it. */
export const postedConfig = async (fleet: Fleet, pipeline: OperatedPipeline): Promise<ConnectorConfig | null> => {
  if (fleet.files === null) return null;
  const { file } = await pipeline.view();
  return new PostedConnectors(fleet.files.stateFolder).read(pipeline.name, file);
};

/** Secrets that were shown as hidden and came back are what they were. */
export const withHidden = (config: ConnectorConfig, before: ConnectorConfig | null): ConnectorConfig =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, value === hidden ? (before?.[key] ?? value) : value]),
  );

export const shownConfig = (config: ConnectorConfig): ConnectorConfig =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, isHidden(key, value) ? hidden : value]));

/** A reference to a variable or file is no secret. */
const isHidden = (key: string, value: string): boolean =>
  value !== '' && holdsSecret(key) && !/^\$\{[^}]*\}$/.test(value);

const plannedConfig = (pipeline: OperatedPipeline): ConnectorConfig => {
  const config: Record<string, string> = { 'connector.class': pipelineClass, 'tasks.max': '1', name: pipeline.name };
  for (const ends of ['sources', 'sinks'] as const) {
    const planned = endsOf(pipeline.plan, ends);
    for (const [index, { type, settings }] of planned.entries()) {
      const at = planned.length === 1 ? ends.slice(0, -1) : `${ends}.${index}`;
      config[`${at}.type`] = type;
      flatten(config, at, settings);
    }
  }
  return config;
};

const flatten = (config: Record<string, string>, at: string, value: unknown): void => {
  if (value === null || value === undefined) return;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) config[at] = value.join(',');
  else if (typeof value === 'object')
    for (const [key, each] of Object.entries(value)) flatten(config, `${at}.${key}`, each);
  else config[at] = String(value);
};
