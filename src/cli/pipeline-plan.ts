import type { z } from 'zod';
import { pipelineSettings, sinkSettings, sourceSettings } from '../config/frame.ts';
import type { PipelineFile, SinkSection, SourceSection } from '../config/pipeline-file.ts';
import { type Setting, settingsOf } from '../core/settings-shape.ts';
import { scannedTables } from '../sql/statement/scanned-tables.ts';
import type { SqlJob } from '../sql-pipeline/job.ts';

/** What a file would run, as `run --dry-run` prints it: every setting with its default, secrets as `***`. */
export const planObject = (file: PipelineFile) => ({
  name: file.name,
  sources: file.sources.map((section) => endObject(section, sourceSettings)),
  transforms: file.transforms,
  routes: file.routes,
  sinks: file.sinks.map((section) => endObject(section, sinkSettings)),
  ...(file.sql === null ? {} : { queries: file.sql.job.inserts.map(queryObject) }),
  settings: hideSecrets(file.settings, settingsOf(pipelineSettings)),
});

const queryObject = ({ target, plan }: Insert) => ({
  writes: declaredName(target.name),
  connector: target.binding.connector,
  reads: [...scannedTables(plan)].map(declaredName),
});

type Insert = SqlJob['inserts'][number];

/** Within the database that declarations go to when none is named. */
export const declaredName = (name: string): string => name.replace(/^default_catalog\.(default_database\.)?/, '');

export const planText = (file: PipelineFile): string =>
  [
    `pipeline ${file.name}`,
    ...file.sources.flatMap((section) => endLines('source', section, sourceSettings)),
    ...file.transforms.map(
      (transform) =>
        `  transform  ${transform['source-table']}: ${transform.projection ?? '*'}${transform.filter === undefined ? '' : ` WHERE ${transform.filter}`}`,
    ),
    ...file.routes.map((route) => `  route   ${route['source-table']} -> ${route['sink-table']}`),
    ...file.sinks.flatMap((section) => endLines('sink', section, sinkSettings)),
    ...(file.sql?.job.inserts ?? []).map((insert) => {
      const { writes, connector, reads } = queryObject(insert);
      return `  query   ${reads.join(', ') || 'no table'} -> ${writes} (${connector})`;
    }),
    '  settings',
    ...settingLines(file.settings, settingsOf(pipelineSettings)),
    '',
  ].join('\n');

type Values = Readonly<Record<string, unknown>>;
type Shape = ReadonlyMap<string, Setting>;
type EndSection = SourceSection | SinkSection;

const allSettings = ({ connector, config, frame }: EndSection, frameSchema: z.ZodType): [Values, Shape] => {
  const { type: _, name: __, ...shared } = frame as Record<string, unknown>;
  const { name: ___, ...own } = config as Record<string, unknown>;
  return [{ ...own, ...shared }, new Map([...settingsOf(frameSchema), ...settingsOf(connector.config)])];
};

const endObject = (section: EndSection, frameSchema: z.ZodType) => ({
  name: section.name,
  type: section.connector.type,
  settings: hideSecrets(...allSettings(section, frameSchema)),
});

const endLines = (role: string, section: EndSection, frameSchema: z.ZodType): string[] => [
  `  ${role.padEnd(6)}  ${section.name} (${section.connector.type})`,
  ...settingLines(...allSettings(section, frameSchema)),
];

const hideSecrets = (values: Values, shape: Shape): Values =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, shape.get(key)?.secret && value !== '' ? '***' : value]),
  );

const settingLines = (values: Values, shape: Shape): string[] => {
  const set = Object.entries(hideSecrets(values, shape)).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...set.map(([key]) => key.length));
  return set.map(([key, value]) => {
    const unit = shape.get(key)?.unit;
    return `    ${key.padEnd(width)}  ${shownValue(value)}${unit ? ` ${unit}` : ''}`;
  });
};

const shownValue = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
};
