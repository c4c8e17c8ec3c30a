import { Buffer } from 'node:buffer';
import type { CommandWriter } from '../../../protocol/redis/command-writer.ts';
import { fieldOf } from '../hash-fields.ts';
import type { KeyTemplate } from '../key-template.ts';

/** What an image says of the columns that a key is made of: `fieldOf`, and where their texts stand. */
interface KeyTexts {
  readonly bytes: Buffer;
  readonly states: Uint8Array;
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
}

/** A key that is made of an image, in memory that is used again for the next. */
export class RowKey {
  bytes = Buffer.allocUnsafe(256);
  length = 0;

  /** False where a column of the key has no value. `bytes`: where the texts stand, if not where they usually do. */
  write(keys: KeyTemplate, from: KeyTexts, bytes: Buffer = from.bytes): boolean {
    const { columns } = keys;
    let length = 0;
    for (let i = 0; i < columns.length; i += 1) {
      const column = columns[i]!;
      if (from.states[column] !== fieldOf.value) return false;
      length += from.valueEnds[column]! - from.valueStarts[column]!;
    }
    const longest = keys.longest(length);
    if (longest > this.bytes.length) this.bytes = Buffer.allocUnsafe(longest * 2);
    this.length = keys.write(this.bytes, 0, bytes, from.valueStarts, from.valueEnds);
    return true;
  }

  equals(other: RowKey): boolean {
    return this.bytes.compare(other.bytes, 0, other.length, 0, this.length) === 0;
  }

  /** Adds it to a command as an argument. */
  put(commands: CommandWriter): void {
    commands.bytes(this.bytes, 0, this.length);
  }
}
