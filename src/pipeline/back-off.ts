/** How a pipeline tries again after an error that may pass. */
export interface RetryPolicy {
  /** The first pause. */
  readonly initialMs: number;
  /** Pauses double up to this. */
  readonly maxMs: number;
  /** Attempts without progress before it gives up. */
  readonly attempts: number;
  /** Time without progress before it gives up. */
  readonly windowMs: number;
}

/** Goes on for ever: a network comes back, and meanwhile the health says `degraded`. */
export const defaultRetryPolicy: RetryPolicy = {
  initialMs: 100,
  maxMs: 30_000,
  attempts: Number.POSITIVE_INFINITY,
  windowMs: Number.POSITIVE_INFINITY,
};

/** The pause before attempt number `failures` + 1: doubled each time, and between half and all of it, so that many pipelines spread out. */
export const backOffMs = (policy: RetryPolicy, failures: number, random: () => number): number => {
  const ceiling = Math.min(policy.initialMs * 2 ** Math.min(failures - 1, 50), policy.maxMs);
  return ceiling * (0.5 + random() / 2);
};
