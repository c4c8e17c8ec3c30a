import type { Lane } from '../../core/batch.ts';

/** The lanes of one source. They carry its name, so several servers can be read in one pipeline. */
export interface MysqlLanes {
  /** Where the binlog has been read to. */
  readonly log: Lane;
  /** The definitions of captured tables as of that place; moves only when they change. */
  readonly schema: Lane;
  /** What the lanes of tables' snapshots begin with: `<prefix>:<database>.<table>`. */
  readonly snapshotPrefix: string;
}

export const lanesOf = (sourceName: string): MysqlLanes => ({
  log: `${sourceName}/binlog`,
  schema: `${sourceName}/schema`,
  snapshotPrefix: `${sourceName}/snapshot`,
});
