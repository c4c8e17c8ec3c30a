/** Time, handed down from the pipeline so that tests can own it. Nothing below `pipeline/` asks what time it is. */
export interface Clock {
  /** Milliseconds since 1970, with a fraction. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back: for durations. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (stopping is normal, so it does not throw). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
