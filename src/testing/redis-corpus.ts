import type { RedisConnection } from '../connectors/redis/connection.ts';
import { encodeCommand } from '../protocol/redis/command-writer.ts';
import { ReplyError } from '../protocol/redis/reply.ts';

/** When keys and fields of the corpus expire, in milliseconds since 1970. */
export const expiresAtMs = 4_102_444_800_123;
/** A text that LZF packs. */
export const repeatedText = 'the same words again and again, '.repeat(40);
const numbers = [
  '0',
  '63',
  '64',
  '-1',
  '127',
  '128',
  '-4096',
  '4095',
  '32767',
  '-32768',
  '8388607',
  '-2147483648',
  '9007199254740993',
];

/** Keys of every type, each in every way the server keeps it in a file. */
export const fillEveryEncoding = async (redis: RedisConnection): Promise<void> => {
  const run = async (...args: (string | Buffer)[]) => void (await redis.command(...args));
  await run('SET', 'text', 'value');
  await run('SET', 'empty', '');
  await run('SET', 'long', repeatedText);
  for (const number of numbers) await run('SET', `number:${number}`, number);
  await run('SET', Buffer.from([0, 255, 13, 10]), Buffer.from([1, 0, 254]));
  await run('SET', 'expiring', 'soon', 'PXAT', String(expiresAtMs));
  const many = Array.from({ length: 700 }, (_, i) => `element ${i} ${i % 7 === 0 ? repeatedText : ''}`);
  await run('RPUSH', 'list:small', 'a', '12', repeatedText.slice(0, 500), ...numbers);
  await run('RPUSH', 'list:large', ...many, 'x'.repeat(70_000));
  await run('SADD', 'set:numbers', '1', '2', '-3');
  await run('SADD', 'set:numbers:wide', '1', '70000', '-9007199254740993');
  await run('SADD', 'set:small', 'a', 'b', '17');
  await run('SADD', 'set:large', ...many);
  await run('HSET', 'hash:small', 'name', 'value', 'count', '12', 'long', 'y'.repeat(60), 'empty', '');
  await run('HSET', 'hash:large', ...many.flatMap((name, i) => [name, String(i)]));
  await run('ZADD', 'zset:small', '1', 'a', '-2.5', 'b', '+inf', 'c', '-inf', 'd', '0.1', 'e');
  await run('ZADD', 'zset:large', ...many.flatMap((name, i) => [String(i / 3), name]));
  for (let i = 0; i < 250; i += 1) {
    await run('XADD', 'stream', `${1000 + i}-${i % 3}`, 'a', String(i), i % 5 === 0 ? 'other' : 'b', 'text');
  }
  await run('XDEL', 'stream', '1003-0', '1100-1');
  await run('XGROUP', 'CREATE', 'stream', 'readers', '0');
  await run('XREADGROUP', 'GROUP', 'readers', 'one', 'COUNT', '20', 'STREAMS', 'stream', '>');
  await run('XREADGROUP', 'GROUP', 'readers', 'two', 'COUNT', '5', 'STREAMS', 'stream', '>');
  await run('XACK', 'stream', 'readers', '1000-0', '1001-1');
  await run('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
  await run('SELECT', '3');
  await run('SET', 'elsewhere', '1');
  await run('SELECT', '0');
};

/** Hashes whose fields expire, small and large; answers whether the server knows of such. */
export const fillExpiringFields = async (redis: RedisConnection): Promise<boolean> => {
  const run = async (...args: string[]) => void (await redis.command(...args));
  const expire = (key: string, atMs: number, field: string) =>
    encodeCommand('HPEXPIREAT', key, String(atMs), 'FIELDS', '1', field);
  const [reply] = await redis.send(expire('none', expiresAtMs, 'a'), 1);
  if (reply instanceof ReplyError) return false;
  await run('HSET', 'hash:ttl', 'a', '1', 'b', '2');
  await redis.send(expire('hash:ttl', expiresAtMs, 'a'), 1);
  await run('HSET', 'hash:ttl:large', ...Array.from({ length: 600 }, (_, i) => [`field ${i}`, 'v']).flat());
  await redis.send(expire('hash:ttl:large', expiresAtMs + 5, 'field 7'), 1);
  await redis.send(expire('hash:ttl:large', expiresAtMs, 'field 8'), 1);
  return true;
};
