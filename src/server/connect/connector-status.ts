import type { OperatedPipeline } from '../fleet.ts';
import type { PipelineView } from '../pipeline-view.ts';

type State = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING' | 'UNASSIGNED';

interface StateInfo {
  readonly state: State;
  readonly worker_id: string;
  readonly version: string;
  /** Why it is not as it should be. */
  readonly trace?: string;
}

interface ConnectorStatus {
  readonly name: string;
  readonly connector: StateInfo;
  readonly tasks: readonly (StateInfo & { readonly id: number })[];
  readonly type: ConnectorType;
}

/** `sink`: it takes rows out of Kafka. */
export type ConnectorType = 'source' | 'sink';

/** Who answers: the address that was asked, and millrace's version. */
export interface Worker {
  readonly id: string;
  readonly version: string;
}

/** A pipeline as Kafka Connect shows a connector: one task, which is the pipeline's process; none when it is stopped. */
export const connectorStatus = async (
  pipeline: OperatedPipeline,
  { id, version }: Worker,
): Promise<ConnectorStatus> => {
  const view = await pipeline.view();
  const info = (state: State, trace: string | null): StateInfo => ({
    state,
    worker_id: id,
    version,
    ...(trace === null ? {} : { trace }),
  });
  const state = connectorState(view);
  return {
    name: pipeline.name,
    connector: info(state, null),
    tasks: state === 'STOPPED' ? [] : [{ id: 0, ...info(taskState(view), traceOf(view)) }],
    type: connectorType(pipeline),
  };
};

const connectorState = ({ desired }: PipelineView): State =>
  desired === 'stopped' ? 'STOPPED' : desired === 'paused' ? 'PAUSED' : 'RUNNING';

/** Connect has no word for what should move and does not: whoever watches for FAILED is to see it. */
const taskState = ({ desired, health, process }: PipelineView): State => {
  if (health === 'failed' || health === 'stalled') return 'FAILED';
  if (desired === 'paused') return 'PAUSED';
  if (process.pid === null) return process.startedAt === null ? 'UNASSIGNED' : 'RESTARTING';
  return 'RUNNING';
};

const traceOf = ({ desired, health, reason, code }: PipelineView): string | null => {
  if (reason === null || desired !== 'running' || health === 'running' || health === 'snapshotting') return null;
  return code === null ? reason : `${code}: ${reason}`;
};

export const connectorType = ({ plan }: OperatedPipeline): ConnectorType =>
  endsOf(plan, 'sources').some(({ type }) => type === 'kafka') ? 'sink' : 'source';

interface PlannedEnd {
  readonly name: string;
  readonly type: string;
  /** Secrets are hidden. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export const endsOf = (plan: unknown, ends: 'sources' | 'sinks'): readonly PlannedEnd[] =>
  (plan as Partial<Record<typeof ends, readonly PlannedEnd[]>>)[ends] ?? [];
