import type { SourceSettings } from '../config/frame.ts';
import type { PipelineFile } from '../config/pipeline-file.ts';
import { tableRoute } from '../config/table-route.ts';
import type { Clock } from '../core/clock.ts';
import { columnPatterns } from '../core/table-pattern.ts';
import type { Operator } from '../operators/operator.ts';
import { projectColumns } from '../operators/project-columns.ts';
import { refuseSchemaChanges } from '../operators/refuse-schema-changes.ts';
import { routeTables } from '../operators/route-tables.ts';

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
export const pipelineOperators = async (
  { transforms, routes, settings }: Pick<PipelineFile, 'transforms' | 'routes' | 'settings'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Operator[]> => [
  ...(settings['schema.change.behavior'] === 'exception' ? [refuseSchemaChanges] : []),
  ...(transforms.length > 0 ? [await transformOperator(transforms, clock)] : []),
  ...(routes.length > 0
    ? [
        routeTables(
          routes.map((route) => tableRoute(route, routes)),
          settings['route-mode'] === 'FIRST_MATCH',
        ),
      ]
    : []),
];

/** SQL is a quarter of the program, so only pipelines with a transform load it. */
const transformOperator = async (
  transforms: PipelineFile['transforms'],
  clock: Pick<Clock, 'now'>,
): Promise<Operator> => {
  const [{ transformRule }, { transformTables }] = await Promise.all([
    import('../config/transform-rule.ts'),
    import('../operators/transform/transform-tables.ts'),
  ]);
  return transformTables(transforms.map(transformRule), {
    now: () => clock.now(),
    timeZone: 'UTC',
    random: Math.random,
  });
};
