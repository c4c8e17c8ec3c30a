import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { MillraceError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import type { Fleet, OperatedPipeline } from './fleet.ts';
import type { PipelineView } from './pipeline-view.ts';

/** What a request is answered with. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly location?: string }
  | { readonly kind: 'text'; readonly status: number; readonly type: string; readonly body: string }
  | { readonly kind: 'empty'; readonly status: number }
  /** The route has taken over the response. */
  | { readonly kind: 'taken' };

export interface Call {
  readonly fleet: Fleet;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The pipeline that the path names, if it names one. */
  readonly name: string;
  /** What stands for the path's other words in braces, by word. */
  readonly words: Readonly<Record<string, string>>;
  /** What the route's schema made of the body. */
  readonly body: unknown;
  readonly allowTail: boolean;
  readonly version: string;
  /** Whether the caller showed the token; true where there is none. */
  readonly known: boolean;
  /** Says what a mutation changed, in the audit line. */
  readonly changed: (from: string, to: string) => void;
}

/** One path and method. The OpenAPI document and docs/api.md are made from the table below. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  /** It changes something, so an audit line is written. */
  readonly mutates: boolean;
  /** Open without a token: for load balancers. */
  readonly open?: true;
  readonly query?: Readonly<Record<string, string>>;
  /** A JSON body of this shape, or the text of a pipeline file. */
  readonly body?: z.ZodType | 'pipeline file';
  readonly answers: string;
  handle(call: Call): Promise<Answer>;
}

export const ok = (body: unknown, status = 200): Answer => ({ kind: 'json', status, body });

const findPipeline = (fleet: Fleet, name: string): OperatedPipeline => {
  const found = fleet.pipelines.get(name);
  if (found !== undefined) return found;
  const suggestion = nearestName(name, [...fleet.pipelines.keys()]);
  throw new MillraceError('API_UNKNOWN_PIPELINE', { pipeline: name.slice(0, 100), suggestion });
};

export const pipelineOf = (call: Call): OperatedPipeline => findPipeline(call.fleet, call.name);

/** All pipelines, by name. */
export const viewsOf = async (fleet: Fleet): Promise<readonly PipelineView[]> => {
  const views = await Promise.all([...fleet.pipelines.values()].map((pipeline) => pipeline.view()));
  return views.sort((a, b) => (a.name < b.name ? -1 : 1));
};
