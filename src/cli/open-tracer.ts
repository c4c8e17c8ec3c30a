import type { Log } from '../core/log.ts';
import { version } from '../pipeline/program-version.ts';
import type { OtlpTracer } from '../server/otlp-tracer.ts';

/** The tracer that OpenTelemetry's variables configure; null: none does, and then nothing of it is loaded. */
export const openTracer = async (
  env: Readonly<Record<string, string | undefined>>,
  pipeline: string,
  log: Log,
): Promise<OtlpTracer | null> => {
  if (!env['OTEL_EXPORTER_OTLP_ENDPOINT'] && !env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) return null;
  const { otlpSettings } = await import('../server/otlp-settings.ts');
  const settings = otlpSettings(env, version, (reason) => log.warn('a setting of traces cannot be used', { reason }));
  if (settings === null) return null;
  const { OtlpTracer } = await import('../server/otlp-tracer.ts');
  log.info('traces are sent', { pipeline, endpoint: settings.endpoint.origin });
  return new OtlpTracer(settings, pipeline, version, log);
};
