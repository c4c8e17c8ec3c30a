import type { IncomingMessage, ServerResponse } from 'node:http';

/** A comment keeps proxies and clients from taking a quiet connection for a dead one. */
const heartbeatMs = 15_000;
/** What may wait for a slow reader before it counts as behind. */
const mostBytes = 262_144;

/** One client of server-sent events. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onRoom: () => void;
  #behind = false;

  /** `onEnd`: the client is gone. `onRoom`: it was behind, and has read what was sent. */
  constructor(request: IncomingMessage, response: ServerResponse, onEnd: () => void, onRoom: () => void) {
    this.#response = response;
    this.#onRoom = onRoom;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    request.socket.setTimeout(0);
    this.#heartbeat = setInterval(() => {
      if (!this.#behind) response.write(': still here\n\n');
    }, heartbeatMs);
    this.#heartbeat.unref();
    response.on('close', () => {
      clearInterval(this.#heartbeat);
      onEnd();
    });
  }

  /** Whether events are left out because the client does not read. */
  get behind(): boolean {
    return this.#behind;
  }

  send(type: string, data: unknown, id: number | null = null): void {
    if (this.#behind) return;
    const head = id === null ? '' : `id: ${id}\n`;
    const taken = this.#response.write(`${head}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    if (taken || this.#response.writableLength < mostBytes) return;
    this.#behind = true;
    this.#response.once('drain', () => {
      this.#behind = false;
      this.#onRoom();
    });
  }
}
