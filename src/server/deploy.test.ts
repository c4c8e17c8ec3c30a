import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { metricTable, processMetrics } from './metric-table.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: { readonly summary: string; readonly runbook_url: string };
}
const rulesOf = (path: string): readonly Rule[] =>
  (parse(read(path)) as { groups: readonly { rules: readonly Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const alerts = rulesOf('deploy/prometheus/alerts.yml');
const recordings = rulesOf('deploy/prometheus/recording.yml');

const names = metricTable.flatMap(({ name, type }) =>
  type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
);
const known = new Set<string>([...names, ...processMetrics.map(([name]) => name)]);
const recorded = new Set(recordings.map(({ record }) => record));

/** Names of metrics in an expression; `up` is Prometheus's own. */
const metricsIn = (expression: string): readonly string[] =>
  expression.match(/\b(?:millrace|process|nodejs)[_:][a-z0-9_:]+/g) ?? [];
const unknownIn = (expression: string): readonly string[] =>
  metricsIn(expression).filter((name) => !known.has(name) && !recorded.has(name));

test('every metric that a rule names exists', () => {
  assert.ok(alerts.length > 0 && recordings.length > 0);
  for (const { alert, record, expr } of [...alerts, ...recordings]) {
    assert.deepEqual(unknownIn(expr), [], alert ?? record);
    assert.ok(alert === 'MillraceDown' || metricsIn(expr).length > 0, `${alert ?? record} looks at nothing`);
  }
  assert.deepEqual(unknownIn('rate(millrace_no_such_total[5m])'), ['millrace_no_such_total']);
});

test('every metric that the dashboard names exists, and each panel looks at one', () => {
  const dashboard = JSON.parse(read('deploy/grafana/millrace.json')) as {
    readonly panels: readonly {
      readonly title: string;
      readonly type: string;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
    readonly templating: { readonly list: readonly { readonly query: string }[] };
  };
  for (const { title, type, targets = [] } of dashboard.panels) {
    if (type === 'row') continue;
    assert.ok(targets.length > 0, title);
    for (const { expr } of targets) {
      assert.ok(metricsIn(expr).length > 0, title);
      assert.deepEqual(unknownIn(expr), [], title);
    }
  }
  for (const { query } of dashboard.templating.list) assert.deepEqual(unknownIn(query), []);
});

describe('each alert has a runbook that says all there is to say', () => {
  const pages = new Set<string>();
  for (const { alert, annotations } of alerts) {
    test(String(alert), () => {
      const path = annotations!.runbook_url;
      pages.add(path);
      const page = read(path);
      assert.match(page.split('\n')[0]!, new RegExp(`\\b${alert}\\b`));
      for (const part of ['Meaning', 'Look at', 'Act', 'Verify', 'Prevent']) {
        assert.match(page, new RegExp(`\n## ${part}\n\n\\S`), `${path} has no part ${part}`);
      }
    });
  }
  test('and no runbook is left without an alert', () => {
    const files = readdirSync(new URL('docs/runbooks/', root)).map((name) => `docs/runbooks/${name}`);
    assert.deepEqual(files.toSorted(), [...pages].toSorted());
  });
});
