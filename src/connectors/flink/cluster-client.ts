import type { Clock } from '../../core/clock.ts';
import { MillraceError } from '../../core/errors.ts';
import { lastCause } from './last-cause.ts';
import { askFlink } from './rest-request.ts';

export interface FlinkJob {
  readonly id: string;
  readonly name: string;
  /** RUNNING, RESTARTING, FAILED, FINISHED, CANCELED... */
  readonly state: string;
  readonly startedMs: number;
  /** The last failure, in one line; null: there was none. */
  readonly failure: string | null;
  readonly checkpoints: { readonly completed: number; readonly failed: number; readonly lastMs: number | null };
}

interface SavepointAnswer {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation?: { readonly location?: string; readonly 'failure-cause'?: { readonly 'stack-trace'?: string } };
}

/** A cluster's JobManager by its REST API. https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/ops/rest_api/ */
export class FlinkCluster {
  readonly #url: string;
  readonly #clock: Clock;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /** Throws FLINK_UNREACHABLE, and FLINK_REFUSED for a job that there is not. */
  async job(id: string): Promise<FlinkJob> {
    const [job, exceptions, checkpoints] = await Promise.all([
      askFlink<{ jid: string; name: string; state: string; 'start-time': number }>('GET', `${this.#url}/jobs/${id}`),
      askFlink<{ 'root-exception'?: string | null; exceptionHistory?: { entries: readonly { stacktrace: string }[] } }>(
        'GET',
        `${this.#url}/jobs/${id}/exceptions`,
      ),
      askFlink<{
        counts?: { completed: number; failed: number };
        latest?: { completed?: { latest_ack_timestamp: number } | null };
      }>('GET', `${this.#url}/jobs/${id}/checkpoints`),
    ]);
    const stack = exceptions.exceptionHistory?.entries[0]?.stacktrace ?? exceptions['root-exception'] ?? null;
    return {
      id: job.jid,
      name: job.name,
      state: job.state,
      startedMs: job['start-time'],
      failure: stack === null ? null : lastCause(stack),
      checkpoints: {
        completed: checkpoints.counts?.completed ?? 0,
        failed: checkpoints.counts?.failed ?? 0,
        lastMs: checkpoints.latest?.completed?.latest_ack_timestamp ?? null,
      },
    };
  }

  /** Stops a job with a savepoint, and says where that is. `directory` null: where the cluster keeps them. Throws FLINK_REFUSED with the reason. */
  async stop(id: string, directory: string | null, signal?: AbortSignal): Promise<string> {
    const body = { drain: false, ...(directory === null ? {} : { targetDirectory: directory }) };
    const { 'request-id': request } = await askFlink<{ 'request-id': string }>(
      'POST',
      `${this.#url}/jobs/${id}/stop`,
      body,
    );
    for (;;) {
      const answer = await askFlink<SavepointAnswer>('GET', `${this.#url}/jobs/${id}/savepoints/${request}`);
      const failure = answer.operation?.['failure-cause']?.['stack-trace'];
      if (failure !== undefined)
        throw new MillraceError('FLINK_REFUSED', { address: this.#url, status: 200, reason: lastCause(failure) });
      if (answer.status.id === 'COMPLETED') return answer.operation!.location!;
      signal?.throwIfAborted();
      await this.#clock.sleep(200, signal);
    }
  }
}
