/** The first asks to stop: what was begun is ended in order. The second asks to end at once. */
export interface StopSignals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/** SIGINT and SIGTERM: the first asks to stop, the second to abort. Disposing gives both back to Node. */
export const stopSignals = (onStop: () => void): Disposable & StopSignals => {
  const stop = new AbortController();
  const abort = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) abort.abort();
    else {
      stop.abort();
      onStop();
    }
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    stop: stop.signal,
    abort: abort.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
};
