import { binlogErrors } from './error-codes/binlog.ts';
import { cacheErrors } from './error-codes/cache.ts';
import { cliErrors } from './error-codes/cli.ts';
import { configErrors } from './error-codes/config.ts';
import { convertErrors } from './error-codes/convert.ts';
import { deadLetterErrors } from './error-codes/dead-letters.ts';
import type { ErrorEntry } from './error-codes/entry.ts';
import { fileErrors } from './error-codes/file.ts';
import { flinkErrors } from './error-codes/flink.ts';
import { formatErrors } from './error-codes/format.ts';
import { kafkaErrors } from './error-codes/kafka.ts';
import { mysqlErrors } from './error-codes/mysql.ts';
import { mysqlSinkErrors } from './error-codes/mysql-sink.ts';
import { netErrors } from './error-codes/net.ts';
import { pipelineErrors } from './error-codes/pipeline.ts';
import { processErrors } from './error-codes/process.ts';
import { redisErrors } from './error-codes/redis.ts';
import { redisLinkErrors } from './error-codes/redis-link.ts';
import { redisRdbErrors } from './error-codes/redis-rdb.ts';
import { replayErrors } from './error-codes/replay.ts';
import { schemaErrors } from './error-codes/schema.ts';
import { serverErrors } from './error-codes/server.ts';
import { sinkErrors } from './error-codes/sink.ts';
import { snapshotErrors } from './error-codes/snapshot.ts';
import { sqlErrors } from './error-codes/sql.ts';
import { stateErrors } from './error-codes/state.ts';
import { valueErrors } from './error-codes/values.ts';
import { verifyErrors } from './error-codes/verify.ts';
import { webhookErrors } from './error-codes/webhook.ts';

/** Every error millrace raises on purpose. `docs/errors.md` and `millrace explain` are made from this table. */
export const errorTable = {
  ...binlogErrors,
  ...cacheErrors,
  ...cliErrors,
  ...configErrors,
  ...convertErrors,
  ...deadLetterErrors,
  ...fileErrors,
  ...flinkErrors,
  ...formatErrors,
  ...kafkaErrors,
  ...mysqlErrors,
  ...mysqlSinkErrors,
  ...netErrors,
  ...pipelineErrors,
  ...processErrors,
  ...redisErrors,
  ...redisLinkErrors,
  ...redisRdbErrors,
  ...replayErrors,
  ...schemaErrors,
  ...serverErrors,
  ...sinkErrors,
  ...snapshotErrors,
  ...sqlErrors,
  ...stateErrors,
  ...valueErrors,
  ...verifyErrors,
  ...webhookErrors,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;
export type ErrorDetails<Code extends ErrorCode> = Parameters<(typeof errorTable)[Code]['message']>[0];

/** What an error said where it was raised. */
export interface WordedError {
  readonly detail: string;
  readonly remedy: string;
  readonly retryable: boolean;
}

/** The one class for everything that can go wrong in operation. Broken invariants use `assert` instead, and stop the process. */
export class MillraceError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'MillraceError';
  readonly code: Code;
  readonly details: ErrorDetails<Code>;
  /** Will the same call work later without anybody acting? */
  readonly retryable: boolean;
  /** A sentence with something to type or change. */
  readonly hint: string;

  /** `worded`: another process worded it, and this one only passes it on. */
  constructor(code: Code, details: ErrorDetails<Code>, options?: ErrorOptions & { readonly worded?: WordedError }) {
    const entry: ErrorEntry = errorTable[code];
    // Each entry types its own details, and the constructor's signature has checked them against this code's.
    super(options?.worded?.detail ?? entry.message(details as never), options);
    this.code = code;
    this.details = details;
    this.retryable = options?.worded?.retryable ?? entry.retryable;
    this.hint = options?.worded?.remedy ?? entry.hint;
  }
}

/** Whether `error` is a MillraceError, of `code` when one is named. */
export const isMillraceError = <Code extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: Code,
): error is MillraceError<Code> => error instanceof MillraceError && (code === undefined || error.code === code);
