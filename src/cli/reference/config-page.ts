import type { z } from 'zod';
import { aliases, withoutCounterpart } from '../../config/aliases.ts';
import {
  pipelineSettings,
  processSettings,
  routeSettings,
  sinkSettings,
  sourceSettings,
  transformSettings,
} from '../../config/frame.ts';
import { serverSettings } from '../../config/server-settings.ts';
import { connectors, type RegisteredConnector } from '../../connectors/registry.ts';
import { expectation, type Setting, settingsOf } from '../../core/settings-shape.ts';
import { code, fillPart, markdownTable } from './markdown.ts';

/** docs/config.md with its tables of keys filled in from the schemas. */
export const configPage = async (page: string): Promise<string> => {
  const parts: [name: string, text: string][] = [
    ['sources', connectorList('source')],
    ['sinks', connectorList('sink')],
    ['source', settingsTable(sourceSettings)],
    ['sink', settingsTable(sinkSettings)],
    ['process', settingsTable(processSettings)],
    ['transform', settingsTable(transformSettings)],
    ['route', settingsTable(routeSettings)],
    ['pipeline', settingsTable(pipelineSettings)],
    ['server', settingsTable(serverSettings)],
    ['connectors', await connectorTables()],
    ['aliases', aliasTable()],
  ];
  return parts.reduce((text, [name, part]) => fillPart(text, name, part), page);
};

const connectorList = (role: 'source' | 'sink'): string =>
  connectors
    .filter(({ roles }) => roles.includes(role))
    .map((registered) => {
      const heading = headingOf(registered);
      return `* [\`${registered.type}\`](#${heading.toLowerCase().replaceAll(' ', '-')}) ${registered.summary}`;
    })
    .join('\n');

const connectorTables = async (): Promise<string> => {
  const sections = await Promise.all(
    connectors.map(async (registered) => {
      const { config } = await registered.load();
      const ends = registered.roles.join(' and ');
      return `### ${headingOf(registered)}\n\n${registered.summary} (${ends})\n\n${settingsTable(config)}`;
    }),
  );
  return sections.join('\n\n');
};

/** A system whose source and sink have settings of their own has two sections. */
const headingOf = ({ type, roles }: RegisteredConnector): string =>
  connectors.filter((each) => each.type === type).length === 1 ? type : `${type} ${roles.join(' and ')}`;

const settingsTable = (schema: z.ZodType): string => {
  const settings = [...settingsOf(schema).values()];
  const effective = settings.filter(({ withoutEffect }) => withoutEffect === null);
  const idle = settings.filter(({ withoutEffect }) => withoutEffect !== null);
  const table =
    effective.length === 0
      ? 'No settings of its own.'
      : markdownTable(
          ['key', 'takes', 'default', ''],
          effective.map((setting) => [
            code(setting.key),
            expectation(setting),
            shownDefault(setting),
            `${setting.description}${setting.secret ? ' Secret.' : ''}`,
          ]),
        );
  if (idle.length === 0) return table;
  const list = idle.map(({ key, withoutEffect }) => `${code(key)} (${withoutEffect})`).join('; ');
  return `${table}\n\nAccepted without effect, each with a warning: ${list}.`;
};

const shownDefault = ({ required, defaultValue, unit }: Setting): string => {
  if (required) return 'needed';
  if (defaultValue === undefined || defaultValue === '') return '';
  return code(`${defaultValue}${unit !== null && typeof defaultValue === 'number' ? ` ${unit}` : ''}`);
};

const aliasTable = (): string =>
  [
    markdownTable(
      ['tool', 'its name', 'here'],
      aliases.map(({ tool, name, keys }) => [tool, code(name), keys.map(code).join(', ')]),
    ),
    '',
    'Names that have no counterpart; they are accepted with a warning that says why:',
    '',
    markdownTable(
      ['tool', 'its name', 'why'],
      withoutCounterpart.map(({ tool, name, reason }) => [tool, code(name.endsWith('.') ? `${name}*` : name), reason]),
    ),
  ].join('\n');
