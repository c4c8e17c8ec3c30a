import { Buffer } from 'node:buffer';
import type { RowImages } from '../../../core/row-images.ts';
import { type CommandWriter, headerLength } from '../../../protocol/redis/command-writer.ts';
import { Crc64 } from '../../../protocol/redis/rdb/crc64.ts';
import { spareBytes } from '../listpack-fields.ts';
import { RowKey } from './row-key.ts';
import type { SeenKeys } from './seen-keys.ts';
import type { RowPacking, TablePlan } from './table-plan.ts';

/**
 * Writes new rows as the server keeps them, which costs it a fraction of putting their fields together one by one:
 *
 *     RESTORE key 0 ┬ 16 ┬ length ┬ bytes, elements: name value … FF ┬ version 10 ┬ CRC-64
 *
 * Where nothing may stand at the key, somebody's hash there is refused by `BUSYKEY`; with REPLACE it goes.
 */
export class PackedRows {
  /** A row was written so since it was last set to false. */
  isUsed = false;
  readonly #commands: CommandWriter;
  readonly #seen: SeenKeys;
  readonly #key = new RowKey();
  readonly #sum = new Crc64();

  constructor(commands: CommandWriter, seen: SeenKeys) {
    this.#commands = commands;
    this.#seen = seen;
  }

  /** False where the server would not keep the row so, or its key cannot be made: then nothing was written. */
  add(rows: RowImages, index: number, plan: TablePlan, replace: boolean): boolean {
    const packing = plan.packing!;
    if (packing.pause > 0) {
      packing.pause -= 1;
      return false;
    }
    const commands = this.#commands;
    const { fields } = packing;
    const elements = commands.byteLength + packing.lead;
    let bytes = fields.readInto(commands.lend(), elements, rows, index);
    if (!fields.fits || fields.count === 0 || !this.#key.write(plan.keys, fields, fields.keyTexts)) {
      packing.unfit = longer(packing.unfit, 1, mostUnfit);
      packing.pause = packing.unfit;
      return false;
    }
    packing.unfit = 0;
    const key = this.#key.length;
    const size = fields.length - elements;
    const packed = headBytes + size + 1;
    const prefix = packed < 64 ? 2 : packed < 16_384 ? 3 : 6;
    const dumped = prefix + packed + tailBytes;
    const start =
      headerLength(4) + restore.length + headerLength(key) + key + 2 + noExpiry.length + headerLength(dumped);
    const lead = start + prefix + headBytes;
    const value = commands.byteLength + start;
    const at = value + prefix + headBytes;
    if (at !== elements) {
      if (bytes.length < at + size + spareBytes) {
        bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length + lead)]);
      }
      bytes.copyWithin(at, elements, elements + size);
      packing.lead = lead;
    }
    commands.adopt(bytes);
    commands.begin(replace ? 5 : 4);
    commands.raw(restore, 0, restore.length);
    this.#key.put(commands);
    commands.raw(noExpiry, 0, noExpiry.length);
    commands.open(dumped);
    putHead(bytes, value, packed, fields.count * 2);
    let end = at + size;
    bytes[end++] = endOfListpack;
    bytes[end++] = rdbVersion;
    bytes[end++] = 0;
    this.#sum.clear();
    this.#sum.update(bytes, value, end);
    this.#sum.put(bytes, end);
    end += 8;
    bytes[end++] = CR;
    bytes[end++] = LF;
    commands.pass(end - value);
    if (replace) commands.raw(replaceWord, 0, replaceWord.length);
    this.isUsed = true;
    this.#seen.note(plan.state.vanished, this.#key);
    return true;
  }
}

/** A row that does not fit says little of the next. */
const mostUnfit = 1_024;

/** A key that is there says more of the next ones. */
const leastBusy = 1_000;
const mostBusy = 1_000_000;

const longer = (pause: number, least: number, most: number): number => Math.min(most, Math.max(least, pause * 2));

/** Learns from what became of rows that were written so: whether something stood at the keys of some. */
export const learnBusy = (packing: RowPacking, isBusy: boolean): void => {
  packing.busy = isBusy ? longer(packing.busy, leastBusy, mostBusy) : 0;
  if (isBusy) packing.pause = packing.busy;
};

/** A hash as a listpack, in a dump of Redis 7.0's version. */
const hashListpack = 16;
const rdbVersion = 10;
const endOfListpack = 0xff;
/** The listpack's length and number of elements. */
const headBytes = 6;
/** Version and checksum. */
const tailBytes = 10;

/** What stands in front of the elements. `packed`: the listpack's bytes. */
const putHead = (to: Buffer, from: number, packed: number, elements: number): void => {
  let at = from;
  to[at++] = hashListpack;
  if (packed < 64) to[at++] = packed;
  else if (packed < 16_384) {
    to[at++] = 0x40 | (packed >> 8);
    to[at++] = packed & 255;
  } else {
    to[at++] = 0x80;
    for (let shift = 24; shift >= 0; shift -= 8) to[at++] = (packed >>> shift) & 255;
  }
  for (let shift = 0; shift < 32; shift += 8) to[at++] = (packed >>> shift) & 255;
  to[at++] = elements & 255;
  to[at++] = elements >> 8;
};

const restore = Buffer.from('$7\r\nRESTORE\r\n');
const noExpiry = Buffer.from('$1\r\n0\r\n');
const replaceWord = Buffer.from('$7\r\nREPLACE\r\n');
const CR = 0x0d;
const LF = 0x0a;
