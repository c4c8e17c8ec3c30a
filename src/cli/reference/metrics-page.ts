import { metricTable, processMetrics } from '../../server/metric-table.ts';
import { code, markdownTable } from './markdown.ts';

/** docs/metrics.md: every metric of `/metrics`. */
export const metricsPage = (): string =>
  [
    '# Metrics',
    '',
    'Made from the table of metrics by `npm run docs`.',
    '',
    '`GET /metrics` of `millrace serve`, or of `millrace run --listen`, gives them in the text format of Prometheus. They are read off what the pipelines',
    'count anyway at the moment somebody asks: nobody asking costs nothing, and there is no work per row. Lag is given as now, max and p99, never as a mean.',
    'Alerts and a dashboard that use them are under `deploy/`; each alert has a page under [runbooks](runbooks/).',
    '',
    '## Of each pipeline',
    '',
    'Each has the label `pipeline`, and those that its samples show.',
    '',
    markdownTable(
      ['metric', 'type', 'meaning', 'in Debezium'],
      metricTable.map(({ name, type, help, debezium }) => [code(name), type, help, debezium ?? '']),
    ),
    '',
    '## Of the process that answers',
    '',
    markdownTable(
      ['metric', 'type', 'meaning'],
      processMetrics.map(([name, type, help]) => [code(name), type, help]),
    ),
    '',
  ].join('\n');
