import { Buffer } from 'node:buffer';
import type { Lane, Position } from '../../../core/batch.ts';
import { isMillraceError, type MillraceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { eachCommand } from '../../../protocol/redis/placed-commands.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisCluster } from '../cluster/redis-cluster.ts';
import type { RedisConnection } from '../connection.ts';
import { type HeldRecord, lanesText, NodeRecords, type Span } from './node-records.ts';
import type { OwnKeys } from './own-keys.ts';
import { NodeCommands, routed, type Unsorted } from './routed-commands.ts';
import { type Execution, type SinkTransactions, Transactions } from './transactions.ts';

interface Options {
  readonly cluster: RedisCluster;
  /** The node that has the sink's own keys. */
  readonly home: RedisConnection;
  readonly own: OwnKeys;
  readonly pipeline: string;
  readonly log: Log;
}

/** How often commands whose slots have moved are sorted anew, before each is sent where nodes say. */
const mostRoutings = 3;

const nowhere: ReadonlyMap<Lane, Position> = new Map();

/** In place of what a command gave that was refused, or of which it was not asked. */
const unasked = new ReplyError('refused');

/**
 * Transactions over the nodes of a cluster, in two steps: each node does its part as one script, with its record; when all have,
 * the positions are written at home, in a MULTI as on a single server, and with them what each record holds.
 *
 *     node A   rows, record 7  ┐
 *     node B   rows, record 7  ┴>  home: position, A 7, B 7
 *
 * What was cut off in between is done again from the positions on, and rows that are written twice are the same. A node that comes
 * back with less than `home` knows of it, after a failover to a replica that lacked the last writes, takes the positions back with it
 * to where its record says.
 */
export class ClusterTransactions implements SinkTransactions {
  readonly #cluster: RedisCluster;
  readonly #own: OwnKeys;
  readonly #home: Transactions;
  readonly #homeConnection: RedisConnection;
  readonly #records: NodeRecords;
  readonly #pipeline: string;
  readonly #log: Log;
  #claimed = false;
  /** The positions that hold, of all lanes. */
  readonly #lanes = new Map<Lane, Position>();
  /** Why this writer may not write any more: it is no longer the pipeline's own, or a node is not what it was. */
  #over: MillraceError | null = null;
  /** Every record is to be written next: slots have moved, so others hold their rows now. */
  #touchesAll = true;

  constructor({ cluster, home, own, pipeline, log }: Options) {
    this.#cluster = cluster;
    this.#own = own;
    this.#pipeline = pipeline;
    this.#log = log;
    this.#homeConnection = home;
    this.#home = new Transactions({ connection: home, own, pipeline, log });
    this.#records = new NodeRecords(cluster, own, pipeline);
  }

  async claim(lane: Lane): Promise<Position | null> {
    return await this.#guarded(async () => {
      const held = await this.#home.claim(lane);
      if (this.#claimed) return held;
      await this.#takeRecords();
      this.#claimed = true;
      return await this.#home.claim(lane);
    });
  }

  async check(): Promise<void> {
    if (!this.#claimed) return;
    await this.#guarded(async () => {
      await this.#home.check();
      await this.#records.check();
    });
  }

  begin(_block: CommandWriter): void {}

  /** There is no MULTI over nodes that could stay open, so parts are visible as they come. */
  async queue(block: CommandWriter): Promise<void> {
    const refusal = await this.execute(block, { positions: nowhere });
    if (refusal !== null) throw this.#homeConnection.failure(refusal, 'a command on a row');
  }

  async execute(block: CommandWriter, { positions, asked, replied }: Execution): Promise<ReplyError | null> {
    return await this.#guarded(async () => {
      const reached = positions.size === 0 ? '' : lanesText(new Map([...this.#lanes, ...positions]));
      const span = { before: lanesText(this.#lanes), reached };
      const all: Unsorted = { block: block.view(), ...(asked?.length && { asked: new Set(asked) }) };
      const results = new Array<Reply>(asked?.length ? block.commands : 0).fill(unasked);
      const { home, refusal } = await this.#runAll(all, span, results);
      replied?.(results, 0);
      // Who reads a row there and brings it from the source cannot tell how much of it must be seen, until all of it is there.
      if (positions.size === 0) this.#touchesAll = true;
      if (refusal !== null) return refusal;
      if (positions.size === 0 && home.commands === 0) return null;
      const last = new CommandWriter(home.byteLength + 1024);
      this.#home.begin(last);
      eachCommand(home.view(), ({ argsStart, end, args }) => {
        last.begin(args);
        last.raw(home.view(), argsStart, end);
      });
      this.#noteRecords(last);
      const refused = await this.#home.execute(last, { positions });
      if (refused === null) for (const [lane, place] of positions) this.#lanes.set(lane, place);
      return refused;
    });
  }

  held(lanes: Iterable<Lane>): ReadonlyMap<Lane, Position | null> {
    return this.#home.held(lanes);
  }

  /** Positions are written only when no command was refused. */
  async takeBack(_held: ReadonlyMap<Lane, Position | null>): Promise<void> {}

  async discard(): Promise<void> {}

  /** Has each node do its part of a block, wherever its slots go meanwhile. What is for home is handed back. */
  async #runAll(
    all: Unsorted,
    span: Span,
    results: Reply[],
  ): Promise<{ readonly home: CommandWriter; readonly refusal: ReplyError | null }> {
    const { map } = this.#cluster;
    this.#records.seq += 1;
    const { nodes, home } = routed(all, (slot) => map.ownerOf(slot), this.#own);
    let { refusal, elsewhere } = await this.#runOn(all, nodes, span, results);
    for (let routing = 1; elsewhere !== null; routing += 1) {
      const rest: Unsorted = elsewhere;
      await this.#follow();
      this.#records.seq += 1;
      if (routing === mostRoutings) {
        // Keys of a slot that is on its way are here or there: each is asked for.
        await this.#runOn(rest, new Map(), span, results);
        refusal ??= await this.#sendEach(rest, results);
        this.#records.seq += 1;
        this.#touchesAll = true;
        await this.#runOn(rest, new Map(), span, results);
        break;
      }
      const again = routed(rest, (slot) => this.#cluster.map.ownerOf(slot), this.#own);
      const result = await this.#runOn(rest, again.nodes, span, results);
      refusal ??= result.refusal;
      elsewhere = result.elsewhere;
    }
    return { home, refusal };
  }

  async #runOn(
    { block, asked }: Unsorted,
    nodes: ReadonlyMap<number, NodeCommands>,
    span: Span,
    results: Reply[],
  ): Promise<{ readonly refusal: ReplyError | null; readonly elsewhere: Unsorted | null }> {
    const parts = new Map(nodes);
    if (this.#touchesAll) {
      for (const position of this.#cluster.map.primaries.keys()) {
        if (!parts.has(position)) parts.set(position, new NodeCommands());
      }
    }
    const answers = await settled(
      [...parts].map(async ([position, commands]) => ({
        commands,
        ...(await this.#records.run(position, commands, span, results)),
      })),
    );
    const pieces: Buffer[] = [];
    const numbers: number[] = [];
    let refusal: ReplyError | null = null;
    for (const { commands, elsewhere, refusal: refused } of answers) {
      refusal ??= refused;
      for (const at of elsewhere) {
        pieces.push(block.subarray(commands.places[2 * at], commands.places[2 * at + 1]));
        numbers.push(commands.numbers[at]!);
      }
    }
    this.#touchesAll = pieces.length > 0;
    if (pieces.length === 0) return { refusal, elsewhere: null };
    return { refusal, elsewhere: { block: Buffer.concat(pieces), numbers, ...(asked && { asked }) } };
  }

  async #sendEach({ block, numbers, asked }: Unsorted, results: Reply[]): Promise<ReplyError | null> {
    const commands: { readonly key: Buffer; readonly bytes: Buffer }[] = [];
    eachCommand(block, ({ start, end, keyStart, keyEnd }) => {
      commands.push({ key: block.subarray(keyStart, keyEnd), bytes: block.subarray(start, end) });
    });
    let refusal: ReplyError | null = null;
    for (const [at, { key, bytes }] of commands.entries()) {
      const reply = await this.#cluster.command(key, bytes);
      if (reply instanceof ReplyError) refusal ??= reply;
      if (asked?.has(numbers![at]!)) results[numbers![at]!] = reply;
    }
    return refusal;
  }

  /** Slots have moved: learns where they are, and has a record on every primary. */
  async #follow(): Promise<void> {
    await this.#records.check();
    await this.#cluster.refresh();
    // Whoever is no longer the pipeline's own takes no further record.
    await this.#home.check();
    const known = this.#records.expected;
    const slots = this.#cluster.map.firstSlots;
    const fresh = slots.filter((slot) => !known.has(slot));
    const held = await this.#records.take(fresh);
    const taken = new Map(fresh.map((slot, i) => [slot, held[i]!.seq]));
    this.#records.expect(new Map(slots.map((slot) => [slot, known.get(slot) ?? taken.get(slot)!])));
    this.#touchesAll = true;
  }

  #noteRecords(block: CommandWriter): void {
    const { expected } = this.#records;
    block.add('UNLINK', this.#own.nodes);
    block.add('HSET', this.#own.nodes, ...[...expected].flat());
  }

  /** Becomes the writer on every node, and looks whether each has what was written to it. */
  async #takeRecords(): Promise<void> {
    const noted = new Map<number, number>();
    for (const [slot, seq] of await this.#hash(this.#own.nodes)) noted.set(Number(slot), Number(seq));
    const { firstSlots } = this.#cluster.map;
    const slots = [...new Set([...noted.keys(), ...firstSlots])];
    const taken = await this.#records.take(slots);
    const records = new Map(slots.map((slot, i) => [slot, taken[i]!]));
    this.#records.seq = Math.max(this.#records.seq, ...noted.values());
    this.#records.expect(new Map(firstSlots.map((slot) => [slot, records.get(slot)!.seq])));
    for (const [lane, place] of await this.#hash(this.#own.position)) this.#lanes.set(lane, place as Position);
    const short = [...noted].filter(([slot, seq]) => records.get(slot)!.seq < seq).map(([slot]) => records.get(slot)!);
    if (short.length > 0) await this.#rewind(short.reduce((least, each) => (each.seq < least.seq ? each : least)));
  }

  async #rewind({ lanes }: HeldRecord): Promise<void> {
    this.#log.warn('a node of the cluster lacks what was written to it last, so the source is read again from there', {
      pipeline: this.#pipeline,
    });
    const moved = [...this.#lanes].filter(([lane, place]) => lanes.get(lane) !== place).length;
    const block = new CommandWriter(1024);
    this.#home.begin(block);
    block.add('UNLINK', this.#own.position);
    // More than a log has moved since: a snapshot, whose rows are not all there then.
    if (moved > 1 || lanes.size === 0) block.add('UNLINK', this.#own.tables);
    for (const [lane, place] of lanes) block.add('HSET', this.#own.position, lane, place);
    this.#noteRecords(block);
    await this.#home.execute(block, { positions: nowhere });
    this.#lanes.clear();
    for (const [lane, place] of lanes) this.#lanes.set(lane, place);
  }

  async #hash(key: string): Promise<readonly (readonly [string, string])[]> {
    const flat = (await this.#homeConnection.command('HGETALL', key)) as readonly Reply[];
    return Array.from({ length: flat.length / 2 }, (_, i) => [String(flat[2 * i]), String(flat[2 * i + 1])] as const);
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#over !== null) throw this.#over;
    try {
      return await work();
    } catch (error) {
      if (isMillraceError(error, 'SINK_FENCED') || isMillraceError(error, 'REDIS_DATA_LOST')) this.#over = error;
      throw error;
    }
  }
}

/** Waits for all of them before it throws what the first that failed threw: nothing is under way any more then. */
const settled = async <Result>(promises: readonly Promise<Result>[]): Promise<readonly Result[]> => {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
};
