import { encodeCommand } from '../src/protocol/redis/command-writer.ts';

/** How many hashes of eight fields the Redis files of the benchmarks hold. */
export const savedOrders = 1_000_000;

/** The commands that write a slice of them, as bytes. */
export const orderCommands = (from: number, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => encodeCommand('HSET', ...order(from + i))));

const order = (id: number): readonly string[] => [
  `order:${id}`,
  ...['id', String(id), 'customer', String(id % 977), 'status', 'paid', 'total', (id / 7).toFixed(2)],
  ...['currency', 'EUR', 'created', '2026-11-29 06:00:00', 'note', `note of order ${id}`, 'flags', '0'],
];
