import type { EventFrame } from './event-frame.ts';
import { eventType } from './event-type.ts';
import { decodeBinlogCheckpoint } from './events/binlog-checkpoint.ts';
import { decodeFormatDescription } from './events/format-description.ts';
import { decodeGtid } from './events/gtid.ts';
import { decodeGtidList } from './events/gtid-list.ts';
import { decodeHeartbeat, decodeHeartbeatV2 } from './events/heartbeat.ts';
import { decodeIncident } from './events/incident.ts';
import { decodeMariadbGtid } from './events/mariadb-gtid.ts';
import { decodePreviousGtids } from './events/previous-gtids.ts';
import { decodeQuery } from './events/query.ts';
import { decodeRotate } from './events/rotate.ts';
import { decodeRowsEvent, isRowsEvent } from './events/rows-event.ts';
import { decodeStartEncryption } from './events/start-encryption.ts';
import { decodeIntVar, decodeRand, decodeUserVar } from './events/statement-context.ts';
import { decodeAnnotateRows, decodeRowsQuery } from './events/statement-text.ts';
import { decodeTableMap } from './events/table-map.ts';
import { decodeTransactionPayload } from './events/transaction-payload.ts';
import { decodeXaPrepare } from './events/xa-prepare.ts';
import { decodeXid } from './events/xid.ts';
import type { Flavor } from './flavor.ts';

/**
 * Decodes whatever event it is, for tools that show a log: who follows one calls the decoders it needs. null: an event without
 * content (STOP), or of a type that has no decoder.
 */
export const decodeEvent = (frame: EventFrame, flavor: Flavor): object | null => {
  if (isRowsEvent(frame.type)) return decodeRowsEvent(frame);
  return decoders.get(frame.type)?.(frame, flavor) ?? null;
};

const decoders = new Map<number, (frame: EventFrame, flavor: Flavor) => object>([
  [eventType.QUERY, decodeQuery],
  [eventType.QUERY_COMPRESSED, decodeQuery],
  [eventType.ROTATE, decodeRotate],
  [eventType.INTVAR, decodeIntVar],
  [eventType.RAND, decodeRand],
  [eventType.USER_VAR, decodeUserVar],
  [eventType.FORMAT_DESCRIPTION, decodeFormatDescription],
  [eventType.XID, decodeXid],
  [eventType.TABLE_MAP, decodeTableMap],
  [eventType.PRE_GA_WRITE_ROWS, decodeRowsEvent],
  [eventType.PRE_GA_UPDATE_ROWS, decodeRowsEvent],
  [eventType.PRE_GA_DELETE_ROWS, decodeRowsEvent],
  [eventType.INCIDENT, decodeIncident],
  [eventType.HEARTBEAT, decodeHeartbeat],
  [eventType.HEARTBEAT_V2, decodeHeartbeatV2],
  [eventType.ROWS_QUERY, decodeRowsQuery],
  [eventType.GTID, decodeGtid],
  [eventType.ANONYMOUS_GTID, decodeGtid],
  [eventType.GTID_TAGGED, decodeGtid],
  [eventType.PREVIOUS_GTIDS, decodePreviousGtids],
  [eventType.XA_PREPARE, decodeXaPrepare],
  [eventType.TRANSACTION_PAYLOAD, decodeTransactionPayload],
  [eventType.ANNOTATE_ROWS, decodeAnnotateRows],
  [eventType.BINLOG_CHECKPOINT, decodeBinlogCheckpoint],
  [eventType.MARIADB_GTID, decodeMariadbGtid],
  [eventType.GTID_LIST, decodeGtidList],
  [eventType.START_ENCRYPTION, decodeStartEncryption],
]);
