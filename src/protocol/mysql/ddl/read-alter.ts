import { canonicalCharset } from './charset-facts.ts';
import type { AlterAction, DdlEffect, KeyElement, Place, TableName } from './effect.ts';
import { readColumn, readDefault } from './read-column.ts';
import { type Reading, readKey, readTableName, readTableOption } from './read-table.ts';
import type { TokenCursor } from './token-cursor.ts';

/** After ALTER [ONLINE] [IGNORE] TABLE. */
export const readAlterTable = (reading: Reading): readonly DdlEffect[] => {
  const { cursor } = reading;
  cursor.skip('IF', 'EXISTS');
  const table = readTableName(reading);
  if (cursor.skip('WAIT')) cursor.take();
  cursor.skip('NOWAIT');
  const converted = readPartitionConversion(reading, table);
  if (converted !== null) return [converted];
  const actions: AlterAction[] = [];
  while (!cursor.ended) {
    // Partitioning never changes the shape, and comes last.
    if (cursor.at('PARTITION', 'BY') || cursor.at('REMOVE', 'PARTITIONING')) break;
    readAction(reading, actions);
    if (!cursor.skipSymbol(',') && !cursor.ended && !startsOption(cursor)) break;
  }
  return [{ kind: 'alter-table', table, actions }];
};

/** MariaDB makes a table of a partition, or a partition of a table, which is then gone; null: neither comes. */
const readPartitionConversion = (reading: Reading, table: TableName): DdlEffect | null => {
  const { cursor } = reading;
  if (cursor.skip('CONVERT', 'TABLE')) return { kind: 'drop-table', table: readTableName(reading) };
  if (!cursor.skip('CONVERT', 'PARTITION')) return null;
  cursor.name();
  cursor.expect('TO', 'TABLE');
  return { kind: 'create-like', table: readTableName(reading), like: table, ifNotExists: false, replace: false };
};

/** Options may follow one another without commas. */
const startsOption = (cursor: TokenCursor): boolean => cursor.peek().kind === 'word' && !cursor.at('PARTITION');

const readAction = (reading: Reading, actions: AlterAction[]): void => {
  const { cursor } = reading;
  if (cursor.skip('ADD')) readAdd(reading, actions);
  else if (cursor.skip('DROP')) readDrop(cursor, actions);
  else if (cursor.skip('MODIFY')) readChange(reading, actions, true);
  else if (cursor.skip('CHANGE')) readChange(reading, actions, false);
  else if (cursor.skip('ALTER')) readAlterColumn(cursor, actions);
  else if (cursor.skip('RENAME')) readRename(reading, actions);
  else if (cursor.skip('CONVERT', 'TO')) readConvert(cursor, actions);
  else if (cursor.skip('ORDER', 'BY')) skipOrder(cursor);
  else {
    const option = readTableOption(cursor);
    if (option === null) skipAction(cursor);
    else actions.push({ kind: 'options', options: { charset: null, collation: null, comment: null, ...option } });
  }
};

const readAdd = (reading: Reading, actions: AlterAction[]): void => {
  const { cursor } = reading;
  if (cursor.at('PARTITION') || cursor.skip('SYSTEM', 'VERSIONING')) {
    skipAction(cursor);
    return;
  }
  const key = readKey(cursor);
  if (key !== undefined) {
    addKey(actions, key);
    return;
  }
  cursor.skip('COLUMN');
  const ifNotExists = cursor.skip('IF', 'NOT', 'EXISTS');
  if (!cursor.skipSymbol('(')) {
    const column = readColumn(cursor, reading.realAsFloat);
    actions.push({ kind: 'add-column', column, place: readPlace(cursor), ifNotExists });
    return;
  }
  do {
    const inner = readKey(cursor);
    if (inner !== undefined) addKey(actions, inner);
    else {
      const column = readColumn(cursor, reading.realAsFloat);
      actions.push({ kind: 'add-column', column, place: null, ifNotExists });
    }
  } while (cursor.skipSymbol(','));
  cursor.expectSymbol(')');
};

const addKey = (actions: AlterAction[], key: KeyElement | null): void => {
  if (key?.kind === 'primary-key') actions.push({ ...key, kind: 'add-primary-key' });
  else if (key?.kind === 'unique-key') actions.push({ ...key, kind: 'add-unique-key' });
  else if (key?.kind === 'period') actions.push({ ...key, kind: 'add-period' });
};

const readDrop = (cursor: TokenCursor, actions: AlterAction[]): void => {
  if (cursor.skip('PRIMARY', 'KEY')) actions.push({ kind: 'drop-primary-key' });
  else if (cursor.at('PARTITION') || cursor.skip('SYSTEM', 'VERSIONING') || cursor.skip('PERIOD', 'FOR'))
    skipAction(cursor);
  else if (cursor.skip('FOREIGN', 'KEY') || cursor.skip('CHECK')) skipAction(cursor);
  else if (cursor.skipAny('INDEX', 'KEY', 'CONSTRAINT') !== null) {
    cursor.skip('IF', 'EXISTS');
    actions.push({ kind: 'drop-key', name: cursor.name() });
  } else {
    cursor.skip('COLUMN');
    const ifExists = cursor.skip('IF', 'EXISTS');
    actions.push({ kind: 'drop-column', name: cursor.name(), ifExists });
    cursor.skipAny('RESTRICT', 'CASCADE');
  }
};

const readChange = (reading: Reading, actions: AlterAction[], sameName: boolean): void => {
  const { cursor } = reading;
  cursor.skip('COLUMN');
  const ifExists = cursor.skip('IF', 'EXISTS');
  const name = sameName ? null : cursor.name();
  const column = readColumn(cursor, reading.realAsFloat);
  actions.push({ kind: 'change-column', name: name ?? column.name, ifExists, column, place: readPlace(cursor) });
};

const readPlace = (cursor: TokenCursor): Place => {
  if (cursor.skip('FIRST')) return { kind: 'first' };
  return cursor.skip('AFTER') ? { kind: 'after', column: cursor.name() } : null;
};

const readAlterColumn = (cursor: TokenCursor, actions: AlterAction[]): void => {
  if (cursor.skipAny('INDEX', 'KEY', 'CHECK', 'CONSTRAINT') !== null) {
    skipAction(cursor);
    return;
  }
  cursor.skip('COLUMN');
  const ifExists = cursor.skip('IF', 'EXISTS');
  const column = { name: cursor.name(), ifExists };
  if (cursor.skip('DROP', 'DEFAULT')) actions.push({ kind: 'set-default', ...column, default: null });
  else if (cursor.skip('SET', 'DEFAULT')) {
    actions.push({ kind: 'set-default', ...column, default: readDefault(cursor) });
  } else if (cursor.skip('SET', 'INVISIBLE')) actions.push({ kind: 'set-visibility', ...column, invisible: true });
  else if (cursor.skip('SET', 'VISIBLE')) actions.push({ kind: 'set-visibility', ...column, invisible: false });
  else cursor.fail('SET or DROP');
};

const readRename = (reading: Reading, actions: AlterAction[]): void => {
  const { cursor } = reading;
  if (cursor.skip('COLUMN')) {
    const ifExists = cursor.skip('IF', 'EXISTS');
    const name = cursor.name();
    cursor.expect('TO');
    actions.push({ kind: 'rename-column', name, ifExists, to: cursor.name() });
  } else if (cursor.skipAny('INDEX', 'KEY') !== null) {
    cursor.skip('IF', 'EXISTS');
    const name = cursor.name();
    cursor.expect('TO');
    actions.push({ kind: 'rename-key', name, to: cursor.name() });
  } else {
    if (cursor.skipAny('TO', 'AS') === null) cursor.skipSymbol('=');
    actions.push({ kind: 'rename', to: readTableName(reading) });
  }
};

/** After CONVERT TO. */
const readConvert = (cursor: TokenCursor, actions: AlterAction[]): void => {
  if (!cursor.skip('CHARACTER', 'SET') && !cursor.skip('CHAR', 'SET')) cursor.expect('CHARSET');
  const name = cursor.nameOrString();
  const collation = cursor.skip('COLLATE') ? cursor.nameOrString() : null;
  const charset = name.toUpperCase() === 'DEFAULT' ? null : canonicalCharset(name);
  actions.push({ kind: 'convert-charset', charset, collation });
};

const skipOrder = (cursor: TokenCursor): void => {
  do {
    cursor.name();
    while (cursor.skipSymbol('.')) cursor.name();
    cursor.skipAny('ASC', 'DESC');
  } while (cursor.skipSymbol(','));
};

/** An action that changes no shape: everything up to the next comma outside parentheses. */
const skipAction = (cursor: TokenCursor): void => {
  while (!cursor.ended && !cursor.atSymbol(',')) {
    if (cursor.atSymbol('(')) cursor.parentheses();
    else cursor.take();
  }
};
