import { MillraceError } from '../../core/errors.ts';
import { qualifiedName, type Table } from '../../core/table.ts';
import { KeyTemplate } from './key-template.ts';

/**
 * The key template of each table: `key`, or what `mapping` says of it, `database.table=key` each, separated by semicolons. Throws
 * CONFIG_TEMPLATE for a mapping that cannot be read.
 */
export const keyTemplates = (
  key: string,
  mapping: string | undefined,
): ((table: Table, rowKey?: readonly number[]) => KeyTemplate) => {
  const mapped = tableMapping(mapping, 'key');
  return (table, rowKey) => KeyTemplate.of(mapped.get(qualifiedName(table)) ?? key, table, rowKey);
};

/** `database.table=…` each, separated by semicolons. `what` names the right side. Throws CONFIG_TEMPLATE. */
export const tableMapping = (mapping: string | undefined, what: string): ReadonlyMap<string, string> => {
  const mapped = new Map<string, string>();
  for (const entry of (mapping ?? '').split(';').map((each) => each.trim())) {
    if (entry === '') continue;
    const at = entry.indexOf('=');
    if (at <= 0)
      throw new MillraceError('CONFIG_TEMPLATE', { text: entry, reason: `it is not database.table=${what}` });
    mapped.set(entry.slice(0, at).trim(), entry.slice(at + 1).trim());
  }
  return mapped;
};
