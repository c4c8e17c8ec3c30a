import type { Position } from '../../core/batch.ts';
import type { Change } from '../../core/change.ts';
import type { Gtids } from './binlog-place.ts';
import { type BinlogPosition, binlogCovers, binlogHolds, decodeBinlogPosition, parseGtids } from './binlog-position.ts';
import { snapshotCovers } from './snapshot/lane-position.ts';
import { schemaValidFrom } from './table-catalogue.ts';

/** `Source.covers` for the lanes of a MySQL source: the log's, the definitions' and the snapshots'. */
export const logCovers = (held: Position, at: Position): boolean => {
  const [heldSince, since] = [schemaValidFrom(held), schemaValidFrom(at)];
  if (heldSince !== null && since !== null) return logCovers(heldSince, since);
  if (!isLogPosition(held)) return snapshotCovers(held, at);
  return binlogCovers(decodeBinlogPosition(held), decodeBinlogPosition(at));
};

/** `Source.holds`: whether the transaction of a change is held. */
export const logHolds = (held: Position, change: Change): boolean => {
  // Rows of a snapshot stand in no log: their own lane says whether they are held.
  if (change.kind === 'snapshot' || (change.kind === 'rows' && change.op === 'read')) return false;
  if (change.origin.kind !== 'mysql' || !isLogPosition(held)) return false;
  if (held !== last?.text) {
    const position = decodeBinlogPosition(held);
    const gtids = position.gtids === null ? null : parseGtids(position.flavor, position.gtids);
    last = { text: held, position, gtids };
  }
  return binlogHolds(last.position, last.gtids, change.origin);
};

const isLogPosition = (text: Position): boolean => text.startsWith('{"flavor":');

/** What was last asked about, decoded: all changes of a batch are asked about with one position. */
let last: { readonly text: Position; readonly position: BinlogPosition; readonly gtids: Gtids | null } | null = null;
