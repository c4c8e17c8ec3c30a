import type { Dataflow } from '../operators/incremental/dataflow.ts';
import { heldColumns } from '../operators/incremental/read-columns.ts';
import type { Memory } from '../operators/incremental/step.ts';
import type { KeptColumn, KeptEntries } from './checkpoint.ts';

/** What the entries of a step's states hold; null for a state whose entries its step alone understands. */
export const keptEntries = (memory: Memory, flow: Dataflow): readonly (KeptEntries | null)[] => {
  const read = new Map([
    ...flow.lookups.map(({ table, columns }) => [table.name, columns] as const),
    ...[...flow.inputs].map(([name, { columns }]) => [name, columns] as const),
  ]);
  return memory.map(({ shape }) => {
    if (shape === null) return null;
    const { name, form: start, rows, key } = shape;
    const columns = heldColumns(rows, read).map((place): KeptColumn => ({ place, ...rows.columns[place]! }));
    return { name, start, columns, key: columns.filter(({ place }) => key.includes(place)) };
  });
};
