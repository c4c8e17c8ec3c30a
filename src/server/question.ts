import type { Op } from '../core/change.ts';
import type { ErrorCode, MillraceError } from '../core/errors.ts';
import type { LogFigures, LogPlace } from '../core/operating.ts';
import type { LogLine } from './log-ring.ts';
import type { StatusObject } from './pipeline-view.ts';
import type { TailFilter, TailRows } from './tail.ts';
import type { ToldPipeline } from './told-pipeline.ts';

/** What can be asked of a running pipeline, in this process or across to another: plain JSON both ways. */
export type Question =
  | { readonly ask: 'status' }
  | { readonly ask: 'pause' }
  | { readonly ask: 'resume' }
  | { readonly ask: 'snapshot'; readonly tables: readonly string[]; readonly where: string | null }
  | { readonly ask: 'snapshot-pause' }
  | { readonly ask: 'snapshot-resume' }
  | { readonly ask: 'snapshot-cancel'; readonly tables: readonly string[] }
  | { readonly ask: 'offsets' }
  | { readonly ask: 'offsets-set'; readonly place: LogPlace };

export interface Answers {
  readonly status: StatusObject;
  readonly pause: null;
  readonly resume: null;
  readonly snapshot: null;
  readonly 'snapshot-pause': null;
  readonly 'snapshot-resume': null;
  readonly 'snapshot-cancel': null;
  readonly offsets: Offsets;
  readonly 'offsets-set': OffsetsChange;
}

export type AnswerTo<Asked extends Question> = Answers[Asked['ask']];

/** Where a pipeline is: what every sink holds. */
export interface Offsets {
  readonly logs: readonly LogFigures[];
  readonly positions: Readonly<Record<string, string>>;
}

export interface OffsetsChange {
  readonly from: readonly LogFigures[];
  readonly to: readonly LogFigures[];
}

/** From `serve` to the process of a pipeline. Structured clones: settings hold what JSON has no words for. */
export type ToChild =
  | { readonly kind: 'begin'; readonly told: ToldPipeline; readonly paused: boolean }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'tail'; readonly id: number; readonly filter: TailFilter }
  | { readonly kind: 'untail'; readonly id: number }
  | { readonly kind: 'stop' };

/** From the process of a pipeline to `serve`. */
export type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: TailRows }
  | { readonly kind: 'health'; readonly status: StatusObject };

/** A MillraceError between processes: what it was made from. */
export interface SentError {
  readonly code: ErrorCode;
  readonly details: MillraceError['details'];
}

export const opNames: readonly Op[] = ['read', 'create', 'update', 'delete'];
