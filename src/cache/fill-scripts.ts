/**
 * How rows come into Redis beside the pipeline that applies changes. Who brings a row first puts a lease **into the row's own key**:
 * whatever anybody does to that key meanwhile (a change applied, a removal, an expiry, another's row) is seen when the row is to be
 * put there, without the one who did it knowing of leases. So a row that was read before a change cannot come behind it.
 *
 *     acquire   nothing there          a hash of the lease alone, which expires with it         'lease', place
 *               a row that is stale    the lease beside its fields (only where changes remove)  'lease', place
 *               somebody's lease       nothing                                                  'wait'
 *               a row                  nothing                                                  'again'
 *     fill      the lease stands, and nothing was written upon it: the row in its place         1
 *               otherwise              what was written upon a lease goes, too                  0
 *
 * What is written upon a lease by a sink that writes changed fields alone would not be all of the row, so it goes with the lease.
 */
import { createHash } from 'node:crypto';
import type { CommandWriter } from '../protocol/redis/command-writer.ts';

export class Script {
  readonly body: string;
  readonly #sha: string;

  constructor(body: string) {
    this.body = body;
    this.#sha = createHash('sha1').update(body).digest('hex');
  }

  load(commands: CommandWriter): void {
    commands.add('SCRIPT', 'LOAD', this.body);
  }

  /** Begins a call; `keys` keys and then `args` arguments follow. */
  begin(commands: CommandWriter, keys: number, args: number): void {
    commands.begin(3 + keys + args);
    commands.text('EVALSHA');
    commands.text(this.#sha);
    commands.text(String(keys));
  }
}

const now = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

/**
 * KEYS: row, positions. ARGV: token, milliseconds, what the caller saw (`missing`, `partial`, `stale`), lane; in a cluster, where the
 * positions are in another slot, the field of the node's record that says what it has, and the record.
 */
export const acquireScript = new Script(`${now}
local held = redis.call('HMGET', KEYS[1], '\\0lease', '\\0leased', '\\0until', '\\0pending')
if held[4] then return {'again'} end
if held[1] and tonumber(held[2]) > now then return {'wait'} end
local place = redis.call('HGET', KEYS[2] or ARGV[5], ARGV[4])
if ARGV[3] == 'stale' then
  if not held[3] then return {'again'} end
  redis.call('HSET', KEYS[1], '\\0lease', ARGV[1], '\\0leased', now + ARGV[2])
  return {'lease', place}
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  if ARGV[3] == 'missing' and not held[1] then return {'again'} end
  redis.call('UNLINK', KEYS[1])
end
redis.call('HSET', KEYS[1], '\\0lease', ARGV[1], '\\0leased', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'lease', place}
`);

/** KEYS: row. ARGV: token, time to live (0: remove), then fields and values. */
export const fillScript = new Script(`
local held = redis.call('HMGET', KEYS[1], '\\0lease', '\\0until')
if held[1] ~= ARGV[1] then return 0 end
local written = not held[2] and redis.call('HLEN', KEYS[1]) > 2
redis.call('UNLINK', KEYS[1])
if written then return 0 end
if ARGV[2] ~= '0' then
  redis.call('HSET', KEYS[1], unpack(ARGV, 3))
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
`);

/** KEYS: row. ARGV: token, milliseconds. */
export const renewScript = new Script(`${now}
local held = redis.call('HMGET', KEYS[1], '\\0lease', '\\0until')
if held[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], '\\0leased', now + ARGV[2])
if not held[2] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1
`);

/** Gives a lease back without a row. KEYS: row. ARGV: token. */
export const releaseScript = new Script(`
local held = redis.call('HMGET', KEYS[1], '\\0lease', '\\0until')
if held[1] ~= ARGV[1] then return 0 end
if held[2] then redis.call('HDEL', KEYS[1], '\\0lease', '\\0leased') else redis.call('UNLINK', KEYS[1]) end
return 1
`);

/** Gives a row that the pipeline keeps fresh more time. KEYS: row. ARGV: time to live, until when it counts as fresh. */
export const prolongScript = new Script(`
if redis.call('HEXISTS', KEYS[1], '\\0until') == 0 then return 0 end
redis.call('HSET', KEYS[1], '\\0until', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`);

/**
 * What a mirror says of a row that was not there. KEYS: row, tables. ARGV: database.table; in a cluster, where it is asked before
 * whether the table is complete, the node's record: a node that was flushed has none.
 */
export const absentScript = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 'again' end
if not KEYS[2] then return redis.call('EXISTS', ARGV[1]) == 1 and 'absent' or 'unknown' end
if redis.call('HGET', KEYS[2], ARGV[1]) == 'complete' then return 'absent' end
return 'unknown'
`);

/** What each connection begins with. */
export const loadScripts = (commands: CommandWriter, more: readonly Script[] = []): void => {
  const own = [acquireScript, fillScript, renewScript, releaseScript, prolongScript, absentScript];
  for (const script of [...own, ...more]) script.load(commands);
};
