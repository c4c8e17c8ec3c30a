import { metricTable, processMetrics } from './metric-table.ts';
import type { PipelineView } from './pipeline-view.ts';

/**
 * The figures of all pipelines in the text format of Prometheus. Everything is read off what the pipelines count anyway, when somebody
 * asks: nobody asking costs nothing. https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export const metricsText = (views: readonly PipelineView[], version: string): string => {
  const lines: string[] = [];
  for (const metric of metricTable) {
    const samples = views.flatMap((view) =>
      metric
        .samples(view)
        .map(({ suffix = '', labels, value }) =>
          sampleLine(`${metric.name}${suffix}`, { pipeline: view.name, ...labels }, value),
        ),
    );
    if (samples.length > 0) lines.push(...head(metric.name, metric.type, metric.help), ...samples);
  }
  const { user, system } = process.cpuUsage();
  const figures: Readonly<Record<(typeof processMetrics)[number][0], readonly [Record<string, string>, number]>> = {
    millrace_build_info: [{ version, node: process.versions.node }, 1],
    millrace_pipelines: [{}, views.length],
    process_resident_memory_bytes: [{}, process.memoryUsage.rss()],
    process_cpu_seconds_total: [{}, (user + system) / 1e6],
    process_start_time_seconds: [{}, performance.timeOrigin / 1000],
  };
  for (const [name, type, help] of processMetrics) {
    lines.push(...head(name, type, help), sampleLine(name, ...figures[name]));
  }
  return `${lines.join('\n')}\n`;
};

const head = (name: string, type: string, help: string): readonly string[] => [
  `# HELP ${name} ${help.replaceAll('\\', '\\\\')}`,
  `# TYPE ${name} ${type}`,
];

const sampleLine = (name: string, labels: Readonly<Record<string, string>>, value: number): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
};

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
