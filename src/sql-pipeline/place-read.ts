import { digestOf } from '../sql/plan/fingerprint.ts';
import type { Settings } from './connected-table.ts';

/** Where something is read, by settings that say so: two that are equal give the same rows at the same place. */
export const placeRead = (settings: Settings): string => {
  const says = /^(hostname|port|name|topics?|format|schema|properties\.bootstrap\.servers|(key|value)\..*)$/;
  return digestOf(
    Object.entries(settings)
      .filter(([key]) => says.test(key))
      .sort(),
  );
};
