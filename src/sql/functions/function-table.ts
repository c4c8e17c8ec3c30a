import { collectionFunctions } from './collection-functions.ts';
import { conditionFunctions } from './condition-functions.ts';
import type { SqlFunction } from './define.ts';
import { jsonFunctions } from './json-functions.ts';
import { mapFunctions } from './map-functions.ts';
import { numberFunctions } from './number-functions.ts';
import { textFunctions } from './text-functions.ts';
import { timeFunctions } from './time-functions.ts';
import { typeFunctions } from './type-functions.ts';

/** Every function of one row, by its name in upper case. docs/sql/functions.md is made from this table. */
export const functionTable: readonly SqlFunction[] = [
  ...conditionFunctions,
  ...numberFunctions,
  ...textFunctions,
  ...timeFunctions,
  ...jsonFunctions,
  ...collectionFunctions,
  ...mapFunctions,
  ...typeFunctions,
];

const byName: ReadonlyMap<string, SqlFunction> = new Map([...functionTable.map((one) => [one.name, one] as const)]);

/** The function of that name, whatever its case; null: there is none. */
export const functionNamed = (name: string): SqlFunction | null => byName.get(name.toUpperCase()) ?? null;

export const functionNames = (): readonly string[] => [...byName.keys()];
