import type { EventFrame } from '../../protocol/mysql/event-frame.ts';
import { eventType } from '../../protocol/mysql/event-type.ts';
import { decodeBinlogCheckpoint } from '../../protocol/mysql/events/binlog-checkpoint.ts';
import { decodeFormatDescription } from '../../protocol/mysql/events/format-description.ts';
import { decodeGtid } from '../../protocol/mysql/events/gtid.ts';
import { decodeGtidList } from '../../protocol/mysql/events/gtid-list.ts';
import { decodeIncident } from '../../protocol/mysql/events/incident.ts';
import { decodeMariadbGtid } from '../../protocol/mysql/events/mariadb-gtid.ts';
import { decodePreviousGtids } from '../../protocol/mysql/events/previous-gtids.ts';
import { decodeQuery } from '../../protocol/mysql/events/query.ts';
import { decodeRotate } from '../../protocol/mysql/events/rotate.ts';
import { decodeIntVar, decodeRand, decodeUserVar } from '../../protocol/mysql/events/statement-context.ts';
import { decodeAnnotateRows, decodeRowsQuery } from '../../protocol/mysql/events/statement-text.ts';
import { decodeTransactionPayload } from '../../protocol/mysql/events/transaction-payload.ts';
import { decodeXaPrepare, xaIdText } from '../../protocol/mysql/events/xa-prepare.ts';
import { decodeXid } from '../../protocol/mysql/events/xid.ts';

/** What an event says beside its header: named fields, and a statement where it carries one. */
export interface EventDescription {
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
  readonly statement: string | null;
}

/** Describes every event but TABLE_MAP and rows events, which need to know the tables. */
export const describeEvent = (frame: EventFrame): EventDescription => {
  switch (frame.type) {
    case eventType.FORMAT_DESCRIPTION: {
      const { serverVersion, checksum, created } = decodeFormatDescription(frame);
      return only({
        server_version: serverVersion.text,
        checksum,
        created: created === 0 ? null : isoTime(created * 1000),
      });
    }
    case eventType.ROTATE: {
      const { file, position } = decodeRotate(frame);
      return only({ next_file: file, next_position: plain(position) });
    }
    case eventType.GTID:
    case eventType.ANONYMOUS_GTID:
    case eventType.GTID_TAGGED: {
      const gtid = decodeGtid(frame);
      return only({
        gtid: frame.type === eventType.ANONYMOUS_GTID ? null : mysqlGtidText(gtid),
        last_committed: gtid.lastCommitted,
        sequence_number: gtid.sequenceNumber,
        original_commit_time: gtid.originalCommitMicros > 0 ? isoMicros(gtid.originalCommitMicros) : null,
        transaction_length: gtid.transactionLength,
      });
    }
    case eventType.MARIADB_GTID: {
      const { domain, server, sequence, flags, xa, thread } = decodeMariadbGtid(frame);
      return only({ gtid: `${domain}-${server}-${sequence}`, flags, ...(xa ? { xid: xaIdText(xa) } : {}), thread });
    }
    case eventType.PREVIOUS_GTIDS:
      return only({ gtid_set: decodePreviousGtids(frame).toString() });
    case eventType.GTID_LIST: {
      const { gtids } = decodeGtidList(frame);
      return only({ gtids: gtids.map(({ domain, server, sequence }) => `${domain}-${server}-${sequence}`).join(',') });
    }
    case eventType.QUERY:
    case eventType.QUERY_COMPRESSED: {
      const { thread, execTimeSeconds, error, database, sql } = decodeQuery(frame);
      return {
        fields: { thread, exec_seconds: execTimeSeconds, error, database: database === '' ? null : database },
        statement: sql,
      };
    }
    case eventType.XID:
      return only({ xid: plain(decodeXid(frame).xid) });
    case eventType.XA_PREPARE: {
      const prepare = decodeXaPrepare(frame);
      return only({ xid: xaIdText(prepare.xa), one_phase: prepare.onePhase });
    }
    case eventType.ROWS_QUERY:
      return { fields: {}, statement: decodeRowsQuery(frame).text };
    case eventType.ANNOTATE_ROWS:
      return { fields: {}, statement: decodeAnnotateRows(frame).text };
    case eventType.TRANSACTION_PAYLOAD: {
      const { compression, inflatedBytes, payload } = decodeTransactionPayload(frame);
      return only({ compression, payload_bytes: payload.length, inflated_bytes: inflatedBytes });
    }
    case eventType.INTVAR: {
      const { variable, value } = decodeIntVar(frame);
      return only({ variable, value: plain(value) });
    }
    case eventType.RAND: {
      const [seed1, seed2] = decodeRand(frame).seeds;
      return only({ seed1: plain(seed1), seed2: plain(seed2) });
    }
    case eventType.USER_VAR:
      return only({ name: decodeUserVar(frame).name });
    case eventType.INCIDENT: {
      const { number, message } = decodeIncident(frame);
      return only({ incident: number, message });
    }
    case eventType.BINLOG_CHECKPOINT:
      return only({ checkpoint_file: decodeBinlogCheckpoint(frame).file });
    default:
      return only({});
  }
};

/** `uuid:number` or `uuid:tag:number`. */
const mysqlGtidText = ({ uuid, tag, gno }: { uuid: string; tag: string; gno: number | bigint }): string =>
  tag === '' ? `${uuid}:${gno}` : `${uuid}:${tag}:${gno}`;

export const isoTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

const isoMicros = (micros: number): string =>
  `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)}.${String(micros % 1_000_000).padStart(6, '0')}Z`;

const only = (fields: EventDescription['fields']): EventDescription => ({ fields, statement: null });

/** A number where it is exact, else its digits. */
const plain = (value: number | bigint): number | string => (typeof value === 'bigint' ? value.toString() : value);
