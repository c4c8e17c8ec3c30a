import type { RouteSettings, SourceSettings } from '../config/frame.ts';
import type { PipelineFile } from '../config/pipeline-file.ts';
import { columnPatterns, tablePatterns } from '../core/table-pattern.ts';
import type { Operator } from '../operators/operator.ts';
import { projectColumns } from '../operators/project-columns.ts';
import { refuseSchemaChanges } from '../operators/refuse-schema-changes.ts';
import { type Route, routeTables } from '../operators/route-tables.ts';

/** What a source's `columns.*` settings ask for. */
export const sourceOperators = (settings: SourceSettings): readonly Operator[] => {
  const drop = settings['columns.exclude'];
  const mask = settings['columns.mask'];
  const hash = settings['columns.hash'];
  const rename = settings['columns.rename'];
  if (!drop && !mask && !hash && !rename) return [];
  return [
    projectColumns({
      ...(drop ? { drop: columnPatterns(drop) } : {}),
      ...(mask ? { mask: columnPatterns(mask) } : {}),
      ...(hash ? { hash: columnPatterns(hash) } : {}),
      ...(rename ? { rename: new Map(Object.entries(rename)) } : {}),
      salt: settings['columns.hash.salt'] ?? '',
      maskText: settings['columns.mask.text'] ?? null,
    }),
  ];
};

/** What the file asks for between all sources and all sinks. */
export const pipelineOperators = ({ routes, settings }: PipelineFile): readonly Operator[] => [
  ...(settings['schema.change.behavior'] === 'exception' ? [refuseSchemaChanges] : []),
  ...(routes.length > 0 ? [routeTables(routes.map((route) => routeOf(route, routes)))] : []),
];

const routeOf = (settings: RouteSettings, all: readonly RouteSettings[]): Route => {
  const patterns = tablePatterns([settings['source-table']], []);
  const target = settings['sink-table'];
  const symbol = settings['replace-symbol'];
  const isLiteral = /^[\w$-]+\.[\w$-]+$/.test(settings['source-table']);
  const shared = all.some((other) => other !== settings && other['sink-table'] === target);
  return {
    matches: (database, table) => patterns.matches(database, table),
    rename: ({ name }) => {
      const [database = '', ...table] = (symbol === undefined ? target : target.replaceAll(symbol, name)).split('.');
      return { database, name: table.join('.') };
    },
    merges: (symbol === undefined && !isLiteral) || shared,
  };
};
