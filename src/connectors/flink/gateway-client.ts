import type { Clock } from '../../core/clock.ts';
import { isMillraceError, MillraceError } from '../../core/errors.ts';
import { askFlink } from './rest-request.ts';

interface ResultPage {
  readonly resultType: 'NOT_READY' | 'PAYLOAD' | 'EOS';
  readonly jobID?: string;
  readonly nextResultUri?: string;
  readonly results?: { readonly data?: readonly { readonly fields: readonly unknown[] }[] };
}

/** What a statement gave: the job that it started, and its rows. */
export interface StatementResult {
  readonly jobId: string | null;
  readonly rows: readonly (readonly unknown[])[];
}

/** A statement is looked at this often while it runs. */
const lookEveryMs = 100;
/** Planning and submitting take seconds on a cold cluster. */
const patienceMs = 300_000;

/**
 * A session of Flink's SQL Gateway, by its REST API v3:
 *
 *     POST /v3/sessions {"properties": {...}}                     {"sessionHandle": "..."}
 *     POST /v3/sessions/S/statements {"statement": "..."}         {"operationHandle": "..."}
 *     GET  /v3/sessions/S/operations/O/status                     {"status": "RUNNING"}
 *     GET  /v3/sessions/S/operations/O/result/0?rowFormat=JSON    {"resultType": "PAYLOAD", "results": ..., "nextResultUri": ...}
 *
 * A statement that fails answers its result with HTTP 500 and a stack of Java, whose last cause says why.
 * https://nightlies.apache.org/flink/flink-docs-release-1.20/docs/dev/table/sql-gateway/rest/
 */
export class GatewaySession implements AsyncDisposable {
  readonly #url: string;
  readonly #session: string;
  readonly #clock: Clock;

  private constructor(url: string, session: string, clock: Clock) {
    this.#url = url;
    this.#session = session;
    this.#clock = clock;
  }

  /** Throws FLINK_UNREACHABLE and FLINK_REFUSED. */
  static async open(url: string, clock: Clock): Promise<GatewaySession> {
    const body = { sessionName: 'millrace', properties: {} };
    const { sessionHandle } = await askFlink<{ readonly sessionHandle: string }>('POST', `${url}/v3/sessions`, body);
    return new GatewaySession(url, sessionHandle, clock);
  }

  /** Runs a statement, and waits for what it gives; of a query, for all of it. Throws FLINK_STATEMENT_FAILED with the reason in one line. */
  async run(statement: string, shown: string, signal?: AbortSignal): Promise<StatementResult> {
    const base = `${this.#url}/v3/sessions/${this.#session}`;
    const { operationHandle } = await askFlink<{ readonly operationHandle: string }>('POST', `${base}/statements`, {
      statement,
    });
    const begunMs = this.#clock.monotonic();
    const rows: (readonly unknown[])[] = [];
    let jobId: string | null = null;
    let next: string | undefined =
      `/v3/sessions/${this.#session}/operations/${operationHandle}/result/0?rowFormat=JSON`;
    while (next !== undefined) {
      signal?.throwIfAborted();
      const page: ResultPage = await this.#page(next, shown);
      jobId ??= page.jobID ?? null;
      for (const { fields } of page.results?.data ?? []) rows.push(fields);
      if (page.resultType === 'EOS') break;
      if (page.resultType === 'NOT_READY') {
        if (this.#clock.monotonic() - begunMs > patienceMs)
          throw new MillraceError('FLINK_STATEMENT_FAILED', {
            statement: shown,
            reason: `no answer in ${patienceMs / 1_000} s`,
          });
        await this.#clock.sleep(lookEveryMs, signal);
      }
      next = page.nextResultUri;
    }
    return { jobId, rows };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A session that stays ends by itself after its timeout.
    await askFlink('DELETE', `${this.#url}/v3/sessions/${this.#session}`).catch(() => {});
  }

  async #page(path: string, shown: string): Promise<ResultPage> {
    try {
      return await askFlink<ResultPage>('GET', `${this.#url}${path}`);
    } catch (error) {
      if (!isMillraceError(error, 'FLINK_REFUSED')) throw error;
      const { reason } = error.details;
      throw new MillraceError('FLINK_STATEMENT_FAILED', { statement: shown, reason }, { cause: error });
    }
  }
}
