import type { AofVisitor } from '../../protocol/redis/aof/aof-reader.ts';
import type { Command } from '../../protocol/redis/command-decoder.ts';
import { RdbCount } from './rdb-count.ts';

export interface CommandCount {
  commands: number;
  bytes: number;
}

/** Counts what an append-only log holds: the keys of its base, and its commands by name and database. */
export class AofCount implements AofVisitor {
  readonly keys: RdbCount;
  readonly names = new Map<string, CommandCount>();
  readonly databases = new Map<number, number>();
  commands = 0;
  transactions = 0;
  /** Seconds since 1970, where the server noted its clock. */
  firstTime: number | null = null;
  lastTime: number | null = null;

  constructor(top: number, nowMs: number) {
    this.keys = new RdbCount(top, nowMs);
  }

  command(command: Command, database: number): void {
    this.commands += 1;
    const name = command.textOf(0).toUpperCase();
    let count = this.names.get(name);
    if (count === undefined) {
      count = { commands: 0, bytes: 0 };
      this.names.set(name, count);
    }
    count.commands += 1;
    count.bytes += command.end - command.offset;
    this.databases.set(database, (this.databases.get(database) ?? 0) + 1);
  }

  begin(): void {
    this.transactions += 1;
  }

  commit(): void {}

  time(seconds: number): void {
    this.firstTime ??= seconds;
    this.lastTime = seconds;
  }
}
