import type { KeyFigures } from '../../../core/operating.ts';
import { type Reply, ReplyError } from '../../../protocol/redis/reply.ts';
import type { TableMode } from './table-settings.ts';

/**
 * Which commands of a block tell by their reply whether the key of a row was there: those that remove or refresh a row which MySQL
 * had before, under the key that it had. A new row's key is expected by nobody.
 */
export class TouchedKeys {
  /** By their index in the block. */
  readonly #commands: number[] = [];
  /** The mode of each one's table. */
  readonly #modes: TableMode[] = [];

  note(command: number, mode: TableMode): void {
    this.#commands.push(command);
    this.#modes.push(mode);
  }

  /** By their index in the block, in its order. */
  get commands(): readonly number[] {
    return this.#commands;
  }

  /** Takes in those of a later block, in front of whose commands stand `before` others. */
  follow(block: TouchedKeys, before: number): void {
    for (let i = 0; i < block.#commands.length; i += 1) this.note(block.#commands[i]! + before, block.#modes[i]!);
  }

  /** `results`: what the commands gave from the block's `first` one on. */
  count(results: readonly Reply[], first: number, counts: KeyCounts): void {
    for (let i = 0; i < this.#commands.length; i += 1) {
      const result = results[this.#commands[i]! - first]!;
      if (!(result instanceof ReplyError)) counts.add(this.#modes[i]!, result !== 0 && result !== null);
    }
  }

  clear(): void {
    this.#commands.length = 0;
    this.#modes.length = 0;
  }
}

/** How many keys were there, and how many were not, by the mode of their tables. */
export class KeyCounts {
  readonly #counts = new Map<TableMode, { hit: number; nothing: number }>();

  add(mode: TableMode, isHit: boolean): void {
    let counts = this.#counts.get(mode);
    if (counts === undefined) {
      counts = { hit: 0, nothing: 0 };
      this.#counts.set(mode, counts);
    }
    if (isHit) counts.hit += 1;
    else counts.nothing += 1;
  }

  figures(): readonly KeyFigures[] {
    return [...this.#counts].map(([mode, counts]) => ({ mode, ...counts }));
  }
}
