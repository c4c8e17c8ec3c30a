import { type Alias, aliases, withoutCounterpart } from '../aliases.ts';
import type { Draft, DraftSection } from './draft.ts';

/**
 * Sets what `key` of another tool stands for, by the table of other tools' names; names it where it has no counterpart or its
 * value none. False: the table does not know it.
 */
export const takeOver = (
  draft: Draft,
  section: DraftSection,
  tool: Alias['tool'],
  key: string,
  value: string,
): boolean => {
  const alias = aliases.find((each) => each.tool === tool && each.name === key);
  if (alias) {
    const converted = alias.convert?.(value) ?? { [alias.keys[0]!]: value };
    if ('refused' in converted) draft.left(key, `its value cannot be taken over: ${converted['refused']}`);
    else for (const [ours, text] of Object.entries(converted)) draft.text(section, ours, text);
    return true;
  }
  const other = withoutCounterpart.find(
    (each) => each.tool === tool && (each.name.endsWith('.') ? key.startsWith(each.name) : key === each.name),
  );
  if (other) draft.left(key, other.reason);
  return other !== undefined;
};
