import { needsProvider } from '../../config/convert/config-providers.ts';
import { convertFile } from '../../config/convert/convert-file.ts';
import type { ConversionFinding, Draft } from '../../config/convert/draft.ts';
import { connectors } from '../../connectors/registry.ts';
import { MillraceError } from '../../core/errors.ts';
import type { FilePut, Fleet } from '../fleet.ts';
import type { Desired } from '../pipeline-view.ts';
import { hidden, pipelineClass, withHidden } from './connector-config.ts';
import { type ConnectorConfig, PostedConnectors } from './posted-connectors.ts';

/** Says that a connector's findings are known, so that what would change the rows is no reason to refuse it. */
const acceptKey = 'millrace.accept.differences';

export interface TakenConnector {
  readonly change: FilePut['change'];
  readonly config: ConnectorConfig;
  /** What differs from what the connector did. */
  readonly findings: readonly ConversionFinding[];
}

/**
 * Makes a pipeline of a connector's settings and runs it. Throws CONVERT_INPUT for settings that cannot be taken over as they are, and
 * API_FILE_WRONG for what the linter refuses; then nothing is changed.
 */
export const takeConnector = async (
  fleet: Fleet,
  name: string,
  posted: ConnectorConfig,
  before: ConnectorConfig | null,
  begin: Desired,
): Promise<TakenConnector> => {
  const { files } = fleet;
  if (files === null) throw new MillraceError('API_NOT_SUPPORTED', { what: 'adding or changing pipelines' });
  const config: ConnectorConfig = { ...withHidden(posted, before), name };
  if (config['connector.class'] === pipelineClass) {
    throw refusedFor(name, 'a pipeline file describes it; change the file, or put it at /api/v1/pipelines/{name}');
  }
  const lost = Object.keys(config).find((key) => config[key] === hidden);
  if (lost !== undefined) throw refusedFor(name, `${lost} is ${hidden}, and nobody has it`);
  const draft = await draftOf(name, config);
  const secrets = new Map<string, string>();
  for (const [variable, { key, value }] of draft.secrets) {
    if (value === null || needsProvider(value))
      throw refusedFor(name, `${key} must be given as it is, or as \${env:NAME}`);
    secrets.set(variable, value);
  }
  const kept = new PostedConnectors(files.stateFolder);
  draft.placeSecrets(kept.keepSecrets(name, secrets));
  const text = draft.toYaml();
  try {
    const { change } = await files.put(name, text, begin);
    kept.keep(name, config, text);
    return { change, config, findings: draft.findings };
  } catch (error) {
    if (before === null) kept.forget(name);
    throw error;
  }
};

/** The pipeline that a connector's settings mean. Throws CONVERT_INPUT. */
export const draftOf = async (name: string, config: ConnectorConfig): Promise<Draft> => {
  const { [acceptKey]: accepted, ...settings } = config;
  const text = JSON.stringify({ name, config: settings });
  const draft = await convertFile('debezium', [{ name: `connector ${name}`, text }], { connectors, offsets: null });
  draft.pipeline.set('name', name);
  const [first, ...others] = draft.findings.filter(altersRows);
  if (first !== undefined && accepted !== 'true') {
    const more = others.length === 0 ? '' : `, and ${others.length} more`;
    const reason = `${first.key} would be left out: ${first.reason}${more}; take it out, or set ${acceptKey}=true`;
    throw refusedFor(name, reason);
  }
  return draft;
};

/** Whether leaving a setting out changes which rows arrive, or what they look like. */
const altersRows = ({ kind, key }: ConversionFinding): boolean =>
  kind === 'left' &&
  /^(transforms|predicates|converters|column\.|datatype\.|message\.key\.|skipped\.operations|(key|value)\.converter|[\w.]+\.handling\.mode)/.test(
    key,
  );

const refusedFor = (name: string, reason: string): MillraceError =>
  new MillraceError('CONVERT_INPUT', { file: `connector ${name}`, reason });
