import { errorObject } from '../core/error-object.ts';
import { isMillraceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { RefusedFile } from './refused-file.ts';
import type { Answer } from './route.ts';

const statuses: Readonly<Record<string, number>> = {
  API_BAD_JSON: 400,
  API_TOKEN_MISSING: 401,
  API_TOKEN_WRONG: 401,
  API_FOREIGN_HOST: 403,
  API_FOREIGN_ORIGIN: 403,
  API_TAIL_OFF: 403,
  API_NOT_FOUND: 404,
  API_UNKNOWN_PIPELINE: 404,
  SNAPSHOT_UNKNOWN_TABLE: 404,
  API_METHOD: 405,
  API_BODY_SLOW: 408,
  API_PIPELINE_STATE: 409,
  API_NAME_TAKEN: 409,
  OFFSETS_UNSUPPORTED: 409,
  SNAPSHOT_UNSUPPORTED: 409,
  API_BODY_TOO_LARGE: 413,
  API_FILE_WRONG: 422,
  MYSQL_POSITION: 422,
  SNAPSHOT_CONDITION_REFUSED: 422,
  MYSQL_GTID_OFF: 422,
  GTID_SET_MALFORMED: 422,
  CONVERT_INPUT: 422,
  API_NOT_SUPPORTED: 501,
  SERVE_CHILD_SILENT: 503,
  SERVE_CHILD_ENDED: 503,
};

/** Whether a path is one of Kafka Connect's, whose clients read errors in its shape. */
export const isConnectPath = (path: string): boolean =>
  /^\/($|[?#]|(connectors|connector-plugins|admin)([/?#]|$))/.test(path);

/** An error as its answer, in the shape of the path that was asked. */
export const refusal = (error: unknown, path: string, log: Log): Answer => {
  if (isMillraceError(error)) {
    const status = statuses[error.code] ?? (error.code.startsWith('CONFIG_') ? 422 : 500);
    if (isConnectPath(path))
      return connectError(connectStatus(error.code, status), `${error.message}. ${error.hint} (${error.code})`);
    const diagnostics = error instanceof RefusedFile ? { diagnostics: error.diagnostics } : {};
    return { kind: 'json', status, body: { error: errorObject(error), ...diagnostics } };
  }
  log.error('the API met an internal error', { error: (error as Error).stack ?? String(error) });
  const detail = 'internal error; the log has more';
  if (isConnectPath(path)) return connectError(500, detail);
  const body = {
    error: { code: 'INTERNAL', detail, remedy: 'Please report it.', retryable: false, docs: 'docs/errors.md' },
  };
  return { kind: 'json', status: 500, body };
};

/** To Connect's clients 409 means that the workers rebalance, and that the same request works later; but for a name that is taken. */
const connectStatus = (code: string, status: number): number =>
  status === 422 || (status === 409 && code !== 'API_NAME_TAKEN') ? 400 : status;

const connectError = (status: number, message: string): Answer => ({
  kind: 'json',
  status,
  body: { error_code: status, message },
});
