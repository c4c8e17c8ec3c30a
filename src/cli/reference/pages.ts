import { readFileSync } from 'node:fs';
import { pipelineFileSchema } from '../../config/json-schema.ts';
import { connectors } from '../../connectors/registry.ts';
import { httpApiPage } from './api-page.ts';
import { cliPage } from './cli-page.ts';
import { comingFromPages } from './coming-from-pages.ts';
import { configPage } from './config-page.ts';
import { errorsPage } from './errors-page.ts';
import { logEventsPage } from './log-events-page.ts';
import { mapPage } from './map-page.ts';
import { metricsPage } from './metrics-page.ts';
import { mistakesPage } from './mistakes-page.ts';
import { differencesPage, functionsPage } from './sql-pages.ts';
import { wrongInputPage } from './wrong-input-page.ts';

/** Every generated file of the repository, by its path from the root. */
export const referencePages = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/zh-CN/errors.md', errorsPage('zh-CN')],
    ...(await comingFromPages()),
    ['docs/cli.md', cliPage()],
    ['docs/api.md', httpApiPage()],
    ['docs/log-events.md', logEventsPage()],
    ['docs/metrics.md', metricsPage()],
    ['docs/config.md', await configPage(readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8'))],
    ['docs/config-mistakes.md', await mistakesPage()],
    ['docs/wrong-input.md', await wrongInputPage()],
    ['docs/README.md', mapPage()],
    ['docs/sql/functions.md', functionsPage(readPage('sql/functions.md'))],
    ['docs/sql/differences.md', differencesPage(readPage('sql/differences.md'))],
    ['schema/v1.json', `${JSON.stringify(await pipelineFileSchema(connectors), null, 2)}\n`],
  ]);

const readPage = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
