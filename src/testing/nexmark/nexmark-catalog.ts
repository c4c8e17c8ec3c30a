import { SessionCatalog } from '../../sql/catalog/session-catalog.ts';
import type { TableBinding } from '../../sql/catalog/table-binding.ts';
import { parseScript } from '../../sql/parse/script.ts';
import { nexmarkTables } from './nexmark-queries.ts';

/** The tables of Nexmark, whose rows come from where the caller likes. */
export const nexmarkCatalog = (): SessionCatalog => {
  const binding = (connector: string): TableBinding => ({
    connector,
    reads: 'appends',
    writes: null,
    bounded: false,
    metadata: new Map(),
    store: null,
  });
  const catalog = new SessionCatalog(({ options }) => binding(String(options[0]!.value)), null);
  for (const statement of parseScript(nexmarkTables)) catalog.take(statement);
  return catalog;
};
