import { randomUUID } from 'node:crypto';
import type { Lane, Position } from '../../../core/batch.ts';
import { MillraceError } from '../../../core/errors.ts';
import { CommandWriter, encodeCommand } from '../../../protocol/redis/command-writer.ts';
import { keySlot } from '../../../protocol/redis/key-slot.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { RedisCluster } from '../cluster/redis-cluster.ts';
import { isWrongType } from '../redis-failure.ts';
import type { OwnKeys } from './own-keys.ts';
import type { NodeCommands } from './routed-commands.ts';

/** What a record held when a writer took it over. */
export interface HeldRecord {
  /** 0: nothing was held. */
  readonly seq: number;
  /** The positions before what was written last, by lane. */
  readonly lanes: ReadonlyMap<Lane, Position>;
}

/** Positions, as records hold them. */
export interface Span {
  /** Those that hold without what is written. */
  readonly before: string;
  /** Those that the node has with it; empty: it is a piece of something, of which no position tells. */
  readonly reached: string;
}

/** What a node did not do of what it was sent. */
export interface Refusals {
  /** Positions in what it was sent, of commands whose keys are not on that node. */
  readonly elsewhere: readonly number[];
  /** The first other refusal. */
  readonly refusal: ReplyError | null;
}

/**
 * Runs commands on a node as one step, be their keys in whatever of its slots: MULTI takes those of a single slot alone. It does nothing
 * where the record is another writer's, or holds less than it was given. A command that fails leaves the others done, as in EXEC.
 *
 * KEYS: record. ARGV: writer, what the record holds, what it is to hold, the positions before and behind, then for each command how
 * many arguments, and these; as a negative number where it is asked what the command gave. Answers what was refused, numbers and
 * reasons in turn, and a letter for each that was asked for: `1`, `0` for nothing, `x` where it was refused.
 */
const runScript = `local held = redis.call('HMGET', KEYS[1], 'writer', 'seq')
if held[1] and held[1] ~= ARGV[1] then return 'writer' end
if not held[1] or (held[2] or '0') ~= ARGV[2] then return 'lost' end
local refused, found, scripts, at, number = {}, {}, {}, 6, 0
while at <= #ARGV do
  local count = math.abs(tonumber(ARGV[at]))
  local asked = string.byte(ARGV[at]) == 45
  local reply
  if ARGV[at + 1] == 'EVAL' then
    local body = ARGV[at + 2]
    local run = scripts[body] or loadstring('local KEYS, ARGV = ...\\n' .. body)
    scripts[body] = run
    local keys, args, last = {}, {}, at + 3 + tonumber(ARGV[at + 3])
    for i = at + 4, last do keys[#keys + 1] = ARGV[i] end
    for i = last + 1, at + count do args[#args + 1] = ARGV[i] end
    local done, result = pcall(run, keys, args)
    reply = (done or type(result) == 'table') and result or {err = tostring(result)}
  else
    reply = redis.pcall(unpack(ARGV, at + 1, at + count))
  end
  local fails = type(reply) == 'table' and reply.err
  if fails then
    refused[#refused + 1] = number
    refused[#refused + 1] = reply.err
  end
  if asked then found[#found + 1] = fails and 'x' or (reply == 0 or not reply) and '0' or '1' end
  number = number + 1
  at = at + count + 1
end
redis.call('HSET', KEYS[1], 'seq', ARGV[3], 'lanes', ARGV[4], 'reached', ARGV[5])
return {refused, table.concat(found)}`;

/**
 * A record on each primary of a cluster, which is written with all that the node is given: a node that comes back with less has a
 * record that says so, and from where on it must be given again. Whoever takes over writes its name into all of them first.
 */
export class NodeRecords {
  /** Counts what was written; goes on from the highest that any record held. */
  seq = 0;
  readonly #writer = randomUUID();
  readonly #cluster: RedisCluster;
  readonly #own: OwnKeys;
  readonly #pipeline: string;
  /** By the record's slot: what it holds. */
  #expected = new Map<number, number>();

  constructor(cluster: RedisCluster, own: OwnKeys, pipeline: string) {
    this.#cluster = cluster;
    this.#own = own;
    this.#pipeline = pipeline;
  }

  /** The records of the primaries as they are now, by slot: what they hold. */
  get expected(): ReadonlyMap<number, number> {
    return this.#expected;
  }

  /** Takes over the records of these slots; what they held, in their order. */
  async take(slots: readonly number[]): Promise<readonly HeldRecord[]> {
    return await Promise.all(
      slots.map(async (slot) => {
        const key = Buffer.from(this.#own.node(slot));
        await this.#ask(key, 'HSET', key, 'writer', this.#writer);
        const reply = await this.#ask(key, 'HMGET', key, 'seq', 'lanes');
        const [seq, lanes] = reply as readonly Reply[];
        const held = { seq: Number(seq ?? 0), lanes: lanesOf(lanes ?? null) };
        this.seq = Math.max(this.seq, held.seq);
        return held;
      }),
    );
  }

  /** Of each primary one, from now on; those of slots that were taken over. */
  expect(records: ReadonlyMap<number, number>): void {
    this.#expected = new Map(records);
  }

  /** Whether all records still are this writer's, and hold what they should, wherever they are now. Throws SINK_FENCED and REDIS_DATA_LOST. */
  async check(): Promise<void> {
    await Promise.all(
      [...this.#expected].map(async ([slot, seq]) => {
        const key = Buffer.from(this.#own.node(slot));
        const [writer, held] = (await this.#ask(key, 'HMGET', key, 'writer', 'seq')) as readonly Reply[];
        if (writer !== null && String(writer) !== this.#writer) throw this.#fenced();
        // It may hold more by now: a write may have begun since.
        if (writer === null || Number(held ?? 0) < seq) throw this.#lost(slot);
      }),
    );
  }

  /** Has a primary do all of `commands` in one step. `results`, by number, takes what those gave that were asked for: 1 or 0. */
  async run(position: number, commands: NodeCommands, { before, reached }: Span, results: Reply[]): Promise<Refusals> {
    const { seq } = this;
    const slot = this.#cluster.map.firstSlots[position]!;
    const connection = await this.#cluster.ofPrimary(position);
    const block = new CommandWriter(commands.args.byteLength + 4096);
    block.begin(9 + commands.argCount);
    const expected = String(this.#expected.get(slot));
    const own = [this.#writer, expected, String(seq), before, reached];
    for (const text of ['EVAL', runScript, '1', this.#own.node(slot), ...own]) block.text(text);
    const args = commands.args.view();
    block.raw(args, 0, args.length);
    const [reply] = await connection.send(block.view(), 1);
    if (reply instanceof ReplyError) {
      // The record itself has moved, so nothing was done.
      if (reply.code === 'MOVED' || reply.code === 'ASK')
        return { elsewhere: [...commands.numbers.keys()], refusal: null };
      // It left while the script ran, so what was done has no record: it is done again from the positions on, wherever the slots are.
      if (isElsewhere.test(reply.message)) {
        const reason = 'the slot of its record went to another node meanwhile';
        throw new MillraceError('REDIS_NOT_READY', { server: connection.address, reason });
      }
      throw connection.failure(reply, 'EVAL');
    }
    if (!Array.isArray(reply)) throw String(reply) === 'writer' ? this.#fenced() : this.#lost(slot);
    this.#expected.set(slot, seq);
    const [refused, found] = reply as unknown as readonly [readonly Reply[], Buffer];
    for (const [i, number] of commands.asked.entries()) {
      if (found[i] !== refusedLetter) results[number] = found[i] === thereLetter ? 1 : 0;
    }
    const refusals = refusalsOf(refused);
    // Of a key of another type its row can be made; anything else is about the node.
    if (refusals.refusal !== null && !isWrongType(refusals.refusal)) {
      throw connection.failure(refusals.refusal, 'a command on a row');
    }
    return refusals;
  }

  #fenced(): MillraceError {
    const details = { sink: this.#cluster.address, pipeline: this.#pipeline, lane: 'the lanes' };
    return new MillraceError('SINK_FENCED', details);
  }

  #lost(slot: number): MillraceError {
    const { hostname, port } = this.#cluster.map.primaries[this.#cluster.map.ownerOf(slot)]!;
    return new MillraceError('REDIS_DATA_LOST', { server: `${hostname}:${port}` });
  }

  async #ask(key: Buffer, ...command: readonly (string | Buffer)[]): Promise<Reply> {
    const reply = await this.#cluster.command(key, encodeCommand(...command));
    if (!(reply instanceof ReplyError)) return reply;
    const connection = await this.#cluster.ofSlot(keySlot(key));
    throw connection.failure(reply, String(command[0]));
  }
}

/** The field of a record that says what its node has. Whoever reads a row there, and the source behind it, must see as much. */
export const reachedField = 'reached';

/** The place of a lane in that field; undefined: there is none. */
export const reachedPlace = (text: string, lane: Lane): string | undefined => lanesOf(text).get(lane);

/** As a record holds positions. */
export const lanesText = (lanes: ReadonlyMap<Lane, Position>): string => JSON.stringify([...lanes]);

const lanesOf = (text: Reply): ReadonlyMap<Lane, Position> =>
  new Map(text === null ? [] : (JSON.parse(String(text)) as readonly (readonly [Lane, Position])[]));

/** How a script is told that a key's slot is another node's, or that the node knows of nobody who has it. */
const isElsewhere = /non local key|slot not served/;

const thereLetter = 0x31;
const refusedLetter = 0x78;

const refusalsOf = (answer: readonly Reply[]): Refusals => {
  const elsewhere: number[] = [];
  let refusal: ReplyError | null = null;
  for (let i = 0; i < answer.length; i += 2) {
    const number = Number(answer[i]);
    const message = String(answer[i + 1]);
    if (isElsewhere.test(message)) elsewhere.push(number);
    else refusal ??= new ReplyError(message);
  }
  return { elsewhere, refusal };
};
