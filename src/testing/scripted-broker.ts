import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Reader, Writer } from '@platformatic/kafka';

/** The requests that a ScriptedBroker answers, by the protocol's numbers. https://kafka.apache.org/protocol#protocol_api_keys */
const requests = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  FindCoordinator: 10,
  SaslHandshake: 17,
  ApiVersions: 18,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  EndTxn: 26,
} as const;

export type BrokerRequest = keyof typeof requests;

/**
 * Speaks enough of Kafka's protocol for one topic `t` of one partition, and answers with the error codes it was told: those that a
 * real broker gives only after hours, or in states that no test brings it into.
 */
export class ScriptedBroker implements AsyncDisposable {
  /** The error code that each request is answered with; 0 where none stands. */
  readonly refusals = new Map<BrokerRequest, number>();
  /** The partition's records, and how many they are. */
  records: { readonly bytes: Buffer; readonly count: number } = { bytes: Buffer.alloc(0), count: 0 };
  /** The sequence number that each batch it was sent begins with. */
  readonly sequences: number[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#serve(socket));

  static async listen(): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker();
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= held.readInt32BE(0) + 4) {
        const end = held.readInt32BE(0) + 4;
        socket.write(this.#answer(held.subarray(4, end)));
        held = held.subarray(end);
      }
    });
  }

  #answer(request: Buffer): Buffer {
    const key = request.readInt16BE(0);
    const name = (Object.keys(requests) as BrokerRequest[]).find((each) => requests[each] === key)!;
    const hasTags = name !== 'ApiVersions' && name !== 'SaslHandshake';
    const body = request.subarray(10 + request.readInt16BE(8) + 1);
    const answer = this.#bodyOf(name, this.refusals.get(name) ?? 0, body).buffer;
    const head = Buffer.alloc(hasTags ? 9 : 8);
    head.writeInt32BE(head.length - 4 + answer.length, 0);
    request.copy(head, 4, 4, 8);
    return Buffer.concat([head, answer]);
  }

  #bodyOf(name: BrokerRequest, code: number, body: Buffer): Writer {
    const out = Writer.create();
    switch (name) {
      case 'Metadata':
        out
          .appendInt32(0)
          .appendArray([1], (w) =>
            w.appendInt32(1).appendString('127.0.0.1').appendInt32(this.#port).appendString(null),
          )
          .appendString(null)
          .appendInt32(1)
          .appendArray(['t'], (w, topic) =>
            w
              .appendInt16(code)
              .appendString(topic)
              .appendBoolean(false)
              .appendArray([0], (each) => {
                each.appendInt16(0).appendInt32(0).appendInt32(1).appendInt32(0);
                for (const nodes of [[1], [1], []])
                  each.appendArray(nodes, (inner, node) => inner.appendInt32(node), true, false);
              })
              .appendInt32(0),
          )
          .appendInt32(0);
        break;
      case 'FindCoordinator':
        out.appendInt32(0).appendArray([''], (w, each) => {
          w.appendString(each).appendInt32(1).appendString('127.0.0.1').appendInt32(this.#port);
          w.appendInt16(code).appendString(null);
        });
        break;
      case 'InitProducerId':
        out.appendInt32(0).appendInt16(code).appendInt64(7n).appendInt16(0);
        break;
      case 'AddPartitionsToTxn':
        out.appendInt32(0).appendArray(['t'], (w, topic) => {
          w.appendString(topic).appendArray([0], (each) => each.appendInt32(0).appendInt16(code));
        });
        break;
      case 'EndTxn':
        out.appendInt32(0).appendInt16(code);
        break;
      case 'Produce':
        this.sequences.push(sequenceIn(body));
        out
          .appendArray(['t'], (w, topic) => {
            w.appendString(topic).appendArray([0], (each) => {
              each.appendInt32(0).appendInt16(code).appendInt64(0n).appendInt64(-1n).appendInt64(0n);
              each.appendArray<never>([], () => {}).appendString(null);
            });
          })
          .appendInt32(0);
        break;
      case 'Fetch':
        out
          .appendInt32(0)
          .appendInt16(code)
          .appendInt32(0)
          .appendArray(['t'], (w, topic) => {
            const end = BigInt(this.records.count);
            w.appendString(topic).appendArray([0], (each) => {
              each.appendInt32(0).appendInt16(0).appendInt64(end).appendInt64(end).appendInt64(0n);
              each.appendUnsignedVarInt(0).appendInt32(-1).appendBytes(this.records.bytes);
            });
          });
        break;
      case 'ListOffsets': {
        const asked = Reader.from(body);
        asked.skip(body.length - 11);
        const isLatest = asked.readInt64() === -1n;
        out.appendInt32(0).appendArray(['t'], (w, topic) => {
          w.appendString(topic).appendArray([0], (each) => {
            each.appendInt32(0).appendInt16(code).appendInt64(-1n);
            each.appendInt64(BigInt(isLatest ? this.records.count : 0)).appendInt32(0);
          });
        });
        break;
      }
      case 'ApiVersions':
        // One that speaks nothing at all.
        return out
          .appendInt16(code)
          .appendArray<never>([], () => {})
          .appendInt32(0)
          .appendTaggedFields();
      case 'SaslHandshake':
        return out
          .appendInt16(code)
          .appendArray(['SCRAM-SHA-512'], (w, mechanism) => w.appendString(mechanism, false), false, false);
    }
    return out.appendTaggedFields();
  }
}

/** Of the one batch of a Produce request. */
const sequenceIn = (body: Buffer): number => {
  const reader = Reader.from(body);
  reader.readNullableString();
  reader.skip(2 + 4);
  reader.readUnsignedVarInt();
  reader.readString();
  reader.readUnsignedVarInt();
  reader.skip(4);
  reader.readUnsignedVarInt();
  reader.skip(53);
  return reader.readInt32();
};
