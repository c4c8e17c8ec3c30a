/**
 * The process of one pipeline under `millrace serve`: `node pipeline-process.ts FILE NAME`. It is told what to run and asked over the
 * channel between parent and child, and ends gracefully when that closes: a pipeline without its supervisor would be nobody's.
 */
import * as nodeModule from 'node:module';
import type { FromChild, ToChild } from '../server/question.ts';

nodeModule.enableCompileCache();
// Ctrl-C reaches every process of a terminal; `serve` says itself when to end.
process.on('SIGINT', () => {});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('disconnect', () => stop.abort());

const { runPipelineProcess } = await import('./run-pipeline-process.ts');
await runPipelineProcess({
  stop,
  tell: (message: FromChild) => {
    if (process.connected) process.send?.(message, undefined, {}, () => {});
  },
  listen: (take: (message: ToChild) => void) => process.on('message', take),
});
process.exit(0);
