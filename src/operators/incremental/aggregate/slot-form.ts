import type { SqlValue } from '../../../sql/evaluate/sql-value.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Slots } from './accumulator.ts';

/** What accumulators keep in a slot beside values: made empty by `start`, and then filled with what another one saved. */
interface SavedSlot {
  save(to: StateWriter): void;
  load(from: StateReader): void;
}

/** Whether everything that these slots begin with can be written: values, maps of values, and what saves itself. */
export const canBeSaved = (slots: Slots): boolean =>
  slots.every((slot: unknown) => typeof slot !== 'object' || slot === null || isValue(slot) || savesItself(slot));

export const saveSlots = (slots: Slots, to: StateWriter): void => {
  for (const slot of slots) {
    if (savesItself(slot)) slot.save(to);
    else to.value(slot as SqlValue);
  }
};

/** Fills slots that accumulators have started. */
export const loadSlots = (slots: Slots, from: StateReader): void => {
  for (let i = 0; i < slots.length; i += 1) {
    const slot: unknown = slots[i];
    if (savesItself(slot)) slot.load(from);
    else slots[i] = from.value();
  }
};

const savesItself = (slot: unknown): slot is SavedSlot =>
  typeof slot === 'object' && slot !== null && 'save' in slot && 'load' in slot;

const isValue = (slot: object): boolean => Array.isArray(slot) || slot instanceof Map || slot instanceof Uint8Array;
