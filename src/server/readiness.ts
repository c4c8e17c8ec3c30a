import type { PipelineView } from './pipeline-view.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly { readonly pipeline: string; readonly health: string; readonly reason: string }[];
}

/** Ready: every pipeline that nobody paused or stopped is connected and moves, or is done. */
export const readiness = (views: readonly PipelineView[]): Readiness => {
  const reasons = views.flatMap(({ name, desired, health, reason, connected, finished }) => {
    if (desired !== 'running' || finished) return [];
    const moving = (health === 'running' || health === 'snapshotting') && connected;
    return moving ? [] : [{ pipeline: name, health, reason: reason ?? 'not connected yet' }];
  });
  return { ready: reasons.length === 0, reasons };
};
