import { hostname } from 'node:os';

/** Where and how traces are sent, by OpenTelemetry's own variables. */
export interface OtlpSettings {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  /** The share of commit groups that are traced. */
  readonly ratio: number;
  readonly timeoutMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null: no exporter is configured, or it is switched off. `complain` is told of a value that cannot be used.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const otlpSettings = (
  env: Environment,
  version: string,
  complain: (why: string) => void,
): OtlpSettings | null => {
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || null;
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || null;
  const exporter = env['OTEL_TRACES_EXPORTER'] || 'otlp';
  if ((own ?? base) === null || exporter === 'none' || env['OTEL_SDK_DISABLED'] === 'true') return null;
  const text = own ?? `${base!.replace(/\/$/, '')}/v1/traces`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    complain('the endpoint is no http or https address');
    return null;
  }
  if (exporter !== 'otlp') complain(`exporter ${exporter} is not known; otlp is used`);
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/json';
  if (protocol !== 'http/json') complain(`protocol ${protocol} is not spoken; http/json is`);
  const ratio = env['OTEL_TRACES_SAMPLER']?.endsWith('traceidratio') ? Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1) : 1;
  const off = env['OTEL_TRACES_SAMPLER']?.endsWith('always_off') ?? false;
  if (!(ratio >= 0 && ratio <= 1)) complain('OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1; everything is traced');
  const timeout = Number(env['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'] || env['OTEL_EXPORTER_OTLP_TIMEOUT'] || 10_000);
  return {
    endpoint: new URL(text),
    headers: pairs(env['OTEL_EXPORTER_OTLP_TRACES_HEADERS'] || env['OTEL_EXPORTER_OTLP_HEADERS'] || ''),
    resource: {
      'host.name': hostname(),
      ...pairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
      'service.name':
        env['OTEL_SERVICE_NAME'] || pairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')['service.name'] || 'millrace',
      'service.version': version,
    },
    ratio: off ? 0 : ratio >= 0 && ratio <= 1 ? ratio : 1,
    timeoutMs: timeout > 0 ? timeout : 10_000,
  };
};

/** `key=value,key2=value2`, percent-encoded. */
const pairs = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 1 ? [] : [[decoded(pair.slice(0, at).trim()), decoded(pair.slice(at + 1).trim())]];
    }),
  );

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
