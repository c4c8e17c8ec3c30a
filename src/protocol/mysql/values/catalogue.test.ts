import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CatalogueColumn, memberValues, tableFromCatalogue, typeFromCatalogue } from './catalogue.ts';

const row = (name: string, declared: string, rest: Partial<CatalogueColumn> = {}): CatalogueColumn => ({
  COLUMN_NAME: name,
  DATA_TYPE: /^\w+/.exec(declared)![0],
  COLUMN_TYPE: declared,
  IS_NULLABLE: 'YES',
  CHARACTER_SET_NAME: null,
  COLLATION_NAME: null,
  CHARACTER_OCTET_LENGTH: null,
  EXTRA: '',
  COLUMN_DEFAULT: null,
  COLUMN_COMMENT: '',
  COLUMN_KEY: '',
  ...rest,
});

test('both servers spell the same types', () => {
  const same = (mysql: string, mariadb: string): void => {
    assert.deepEqual(typeFromCatalogue(row('c', mysql)), typeFromCatalogue(row('c', mariadb)));
  };
  same('int unsigned', 'int(10) unsigned');
  same('bigint', 'bigint(20)');
  same('year', 'year(4)');
  same('geomcollection', 'geometrycollection');
  assert.deepEqual(typeFromCatalogue(row('c', 'tinyint(1)')), { kind: 'integer', bits: 8, unsigned: false });
  assert.deepEqual(typeFromCatalogue(row('c', 'decimal(14,4) unsigned zerofill')), {
    kind: 'decimal',
    precision: 14,
    scale: 4,
    unsigned: true,
  });
  assert.deepEqual(typeFromCatalogue(row('c', 'datetime(3) /* mariadb-5.3 */')), { kind: 'datetime', fsp: 3 });
  assert.deepEqual(typeFromCatalogue(row('c', 'vector(1536)')), { kind: 'vector', dimensions: 1536 });
  assert.equal(typeFromCatalogue(row('c', 'hologram')), null);
});

test('MariaDB JSON is told from LONGTEXT by its own check', () => {
  const longtext = {
    CHARACTER_SET_NAME: 'utf8mb4',
    COLLATION_NAME: 'utf8mb4_bin',
    CHARACTER_OCTET_LENGTH: '4294967295',
  };
  const kind = (check: string | null): string =>
    typeFromCatalogue(row('j', 'longtext', { ...longtext, CHECK_CLAUSE: check }))!.kind;
  assert.equal(kind('json_valid(`j`)'), 'json');
  assert.equal(kind('json_valid(`other`)'), 'text');
  assert.equal(kind(null), 'text');
});

test('ENUM and SET values are read exactly', () => {
  assert.deepEqual(memberValues("enum('a''b','c\\\\d','x\\ny','é','a,b','\"q','','\\0z',')')"), [
    "a'b",
    'c\\d',
    'x\ny',
    'é',
    'a,b',
    '"q',
    '',
    '\0z',
    ')',
  ]);
});

test('keys, defaults and properties come from the catalogue', () => {
  const table = tableFromCatalogue({
    flavor: 'mariadb',
    database: 'd',
    name: 't',
    charset: 'utf8mb4',
    comment: '',
    columns: [
      row('b', 'int(11)', { IS_NULLABLE: 'NO', EXTRA: 'auto_increment', COLUMN_KEY: 'PRI' }),
      row('a', 'int(11)', { IS_NULLABLE: 'NO', COLUMN_DEFAULT: '7', COLUMN_KEY: 'PRI' }),
      row('g', 'int(11)', { EXTRA: 'VIRTUAL GENERATED', COLUMN_DEFAULT: 'NULL' }),
      row('u', 'datetime', { EXTRA: 'INVISIBLE', COLUMN_COMMENT: 'when', COLUMN_DEFAULT: 'current_timestamp()' }),
    ],
    keys: [
      { INDEX_NAME: 'PRIMARY', NON_UNIQUE: 0, SEQ_IN_INDEX: '2', COLUMN_NAME: 'b' },
      { INDEX_NAME: 'PRIMARY', NON_UNIQUE: 0, SEQ_IN_INDEX: '1', COLUMN_NAME: 'a' },
      { INDEX_NAME: 'uu', NON_UNIQUE: '0', SEQ_IN_INDEX: 1, COLUMN_NAME: 'u' },
      { INDEX_NAME: 'expression', NON_UNIQUE: 0, SEQ_IN_INDEX: 1, COLUMN_NAME: null },
      { INDEX_NAME: 'plain', NON_UNIQUE: 1, SEQ_IN_INDEX: 1, COLUMN_NAME: 'g' },
    ],
  });
  assert.deepEqual(table.primaryKey, [1, 0]);
  assert.deepEqual(table.uniqueKeys, [[3]]);
  assert.equal(table.comment, null);
  assert.deepEqual(
    table.columns.map(({ name, nullable, defaultExpression, generated, invisible, autoIncrement, comment }) => [
      name,
      nullable,
      defaultExpression,
      generated,
      invisible,
      autoIncrement,
      comment,
    ]),
    [
      ['b', false, null, false, false, true, null],
      ['a', false, '7', false, false, false, null],
      ['g', true, null, true, false, false, null],
      ['u', true, 'current_timestamp()', false, true, false, 'when'],
    ],
  );
});

test('a type that millrace does not know is named with its column', () => {
  const table = {
    flavor: 'mysql',
    database: 'd',
    name: 't',
    columns: [row('c', 'hologram')],
    keys: [],
    charset: null,
    comment: null,
  } as const;
  assert.throws(() => tableFromCatalogue(table), {
    code: 'VALUES_COLUMN_UNKNOWN',
    details: { table: 'd.t', column: 'c', type: 'hologram' },
  });
});
