import type { TableStats } from './cache-options.ts';
import { HotKeys } from './hot-keys.ts';
import type { LocalRows } from './local-rows.ts';
import type { RowName } from './row-codec.ts';

const hotKeyCount = 20;
/** Of reads that are counted by key, one of so many: a hot key is hot in a sample too. */
const sampled = 8;

/** What a table's readers did. */
export class TableCounters {
  reads = 0;
  localHits = 0;
  hits = 0;
  negativeHits = 0;
  staleHits = 0;
  misses = 0;
  waits = 0;
  loads = 0;
  loadedRows = 0;
  replicaLoads = 0;
  fills = 0;
  rejectedFills = 0;
  redisFailures = 0;
  behind = 0;
  writes = 0;
  appliedWrites = 0;
  conflicts = 0;
  refusedWrites = 0;
  readonly #hot = new HotKeys(hotKeyCount * 10);

  read(name: RowName): void {
    this.reads += 1;
    if (this.reads % sampled === 0) this.#hot.add(String(name));
  }

  stats(local: LocalRows | null): TableStats {
    const { reads, localHits, hits, negativeHits, staleHits, misses, waits } = this;
    const { loads, loadedRows, replicaLoads, fills, rejectedFills, redisFailures, behind } = this;
    const { writes, appliedWrites, conflicts, refusedWrites } = this;
    const found = localHits + hits + negativeHits + staleHits;
    return {
      ...{ reads, localHits, hits, negativeHits, staleHits, misses, waits },
      ...{ loads, loadedRows, replicaLoads, fills, rejectedFills, redisFailures, behind },
      ...{ writes, appliedWrites, conflicts, refusedWrites },
      localRows: local?.size ?? 0,
      localEvictions: local?.evictions ?? 0,
      hitRatio: reads === 0 ? 0 : found / reads,
      hotKeys: this.#hot
        .top(hotKeyCount)
        .map(({ key, reads: seen, error }) => ({ key, reads: seen * sampled, error: error * sampled })),
    };
  }
}
